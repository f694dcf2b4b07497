import { randomUUID } from 'node:crypto';
import type { Role } from '@saas-codex/contracts/permissions';
import type { ServiceAccountRole } from '@saas-codex/contracts/service-accounts';
import { SystemDatabase } from '../../../../apps/backend/src/database/system-database.js';
import { AUTH, type Auth, KEY_CONFIGS } from '../../../../apps/backend/src/identity/better-auth.js';
import { createSignInToken } from '../../../../apps/backend/src/identity/sign-in-links.js';
import type { TestBackend } from './backend.js';

/** A person with an account, a browser that is signed in, and an API key. */
export interface TestPerson {
  userId: string;
  email: string;
  /** Headers that identify their browser. */
  cookie: { cookie: string };
  keyId: string;
  /** Headers that identify their API key. */
  key: { authorization: string };
}

const query = <T>({ app }: TestBackend, statement: string, parameters: unknown[]) =>
  app.get(SystemDatabase).query<T>(statement, parameters);

/** @returns the id of a new tenant, which has no members yet */
export async function createTenant(backend: TestBackend, name: string): Promise<string> {
  const id = randomUUID();
  await query(backend, 'INSERT INTO tenants (id, name, slug, created_at) VALUES ($1, $2, $1, now())', [
    id,
    name,
  ]);
  return id;
}

export async function createPerson(backend: TestBackend, tenantId: string, role: Role): Promise<TestPerson> {
  const email = `${role}-${randomUUID()}@example.com`;
  const auth = backend.app.get<Auth>(AUTH);
  const { internalAdapter } = await auth.$context;
  const { id: userId } = await internalAdapter.createUser(
    { email, name: `The ${role}`, emailVerified: true },
    { method: 'spec' },
  );
  await query(
    backend,
    'INSERT INTO members (id, tenant_id, user_id, role, created_at) VALUES ($1, $2, $3, $4, now())',
    [randomUUID(), tenantId, userId, role],
  );
  const key = await auth.api.createApiKey({ body: { name: 'spec', userId, metadata: { tenantId } } });
  return {
    userId,
    email,
    cookie: await signIn(backend, email),
    keyId: key.id,
    key: { authorization: `Bearer ${key.key}` },
  };
}

/** A service account, and a key of it. */
export interface TestServiceAccount {
  serviceAccountId: string;
  keyId: string;
  /** Headers that identify the key. */
  key: { authorization: string };
}

export async function createServiceAccount(
  backend: TestBackend,
  tenantId: string,
  role: ServiceAccountRole,
): Promise<TestServiceAccount> {
  const id = randomUUID();
  // As the owner of the tables: the system may only read them.
  await backend.app
    .get(SystemDatabase)
    .pool.query(
      `INSERT INTO service_accounts (id, tenant_id, name, role, created_by) VALUES ($1, $2, $3, $4, 'spec')`,
      [id, tenantId, `The ${role} program`, role],
    );
  const key = await backend.app.get<Auth>(AUTH).api.createApiKey({
    body: { configId: KEY_CONFIGS.service_account, name: 'spec', userId: id, metadata: { tenantId } },
  });
  return { serviceAccountId: id, keyId: key.id, key: { authorization: `Bearer ${key.key}` } };
}

/** Signs in a new browser. @returns its headers */
export async function signIn(backend: TestBackend, email: string): Promise<{ cookie: string }> {
  const token = await createSignInToken(backend.app.get<Auth>(AUTH), email);
  const answer = await fetch(`${backend.url}/api/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  return { cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
}
