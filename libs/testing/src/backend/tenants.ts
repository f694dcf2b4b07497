import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { ApiKeys } from '../../../../apps/backend/src/identity/api-keys.js';
import type { TestBackend } from './backend.js';

export interface TestTenant {
  tenantId: string;
  userId: string;
  /** The header of a request of its owner. */
  headers: { authorization: string };
}

/** Adds a tenant, its owner and an API key of theirs. */
export async function addTenant({ app }: TestBackend, name: string): Promise<TestTenant> {
  const [tenantId, userId] = [randomUUID(), randomUUID()];
  const db = app.get(DataSource);
  await db.query('INSERT INTO tenants (id, name, slug, created_at) VALUES ($1, $2, $1, now())', [
    tenantId,
    name,
  ]);
  await db.query(
    `INSERT INTO users (id, name, email, email_verified) VALUES ($1, 'Owner', $1 || '@example.com', true)`,
    [userId],
  );
  await db.query(
    `INSERT INTO members (id, tenant_id, user_id, role, created_at) VALUES (gen_random_uuid(), $1, $2, 'owner', now())`,
    [tenantId, userId],
  );
  const key = await app.get(ApiKeys, { strict: false }).create('spec', { tenantId, userId });
  return { tenantId, userId, headers: { authorization: `Bearer ${key}` } };
}
