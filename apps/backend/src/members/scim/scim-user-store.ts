import { Injectable } from '@nestjs/common';
import type { Role } from '@saas-codex/contracts/permissions';
import { AuditedChanges } from '../../audit/audited-changes.js';
import { SystemDatabase } from '../../database/system-database.js';
import type { TenantScope } from '../../database/tenant-row.js';
import type { RequestContext } from '../../identity/request-context.js';

/** A person as the tenant's directory sees them. */
export interface ScimPerson {
  id: string;
  /** Null: the directory expects them, and nobody with this address is a member. */
  userId: string | null;
  externalId: string | null;
  email: string;
  name: string;
  /** Of a member, or the last one of somebody who was removed. */
  role: Role | null;
  active: boolean;
  createdAt: Date;
}

export type ScimFilter = Partial<Pick<ScimPerson, 'id' | 'email' | 'externalId'>>;

/**
 * The members of the tenant, $1, each with what its directory has said of them; then whom it expects or has removed. What it
 * expects becomes the member who has the address; from their removal on, it is tied to the account.
 */
const PEOPLE = `
  people AS (
    SELECT coalesce(s.id, m.user_id) AS id, m.user_id AS "userId", s.external_id AS "externalId", u.email, u.name, m.role,
           true AS active, coalesce(s.created_at, m.created_at) AS "createdAt"
      FROM members m JOIN users u ON u.id = m.user_id
           LEFT JOIN LATERAL (
             SELECT * FROM scim_users s
              WHERE s.tenant_id = m.tenant_id AND (s.user_id = m.user_id OR (s.user_id IS NULL AND s.email = u.email))
              ORDER BY s.user_id NULLS LAST LIMIT 1) s ON true
     WHERE m.tenant_id = $1
    UNION ALL
    SELECT s.id, s.user_id, s.external_id, s.email, s.name, s.role, s.active AND s.user_id IS NULL, s.created_at
      FROM scim_users s
     WHERE s.tenant_id = $1 AND NOT EXISTS (
             SELECT FROM members m JOIN users u ON u.id = m.user_id
              WHERE m.tenant_id = $1 AND (m.user_id = s.user_id OR (s.user_id IS NULL AND u.email = s.email))))`;
const FITS = `
  ($2::text IS NULL OR id = $2) AND ($3::text IS NULL OR email = $3) AND ($4::text IS NULL OR "externalId" = $4)`;

const COUNT = `WITH ${PEOPLE} SELECT count(*)::integer AS total FROM people WHERE ${FITS}`;
const LIST = `WITH ${PEOPLE} SELECT * FROM people WHERE ${FITS} ORDER BY "createdAt", id OFFSET $5 LIMIT $6`;

/** A repeated request finds its own row. $5: name, $6: external id, $7: active. */
const EXPECT = `
  WITH ${PEOPLE}, earlier AS (SELECT FROM scim_users WHERE tenant_id = $1 AND id = $2)
  INSERT INTO scim_users AS s (tenant_id, id, email, name, external_id, active)
  SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT FROM people WHERE email = $3 AND id <> $2)
  ON CONFLICT (tenant_id, id) DO UPDATE SET active = excluded.active
  RETURNING NOT EXISTS (SELECT FROM earlier) AS "isNew"`;

const KEEP = `
  INSERT INTO scim_users (tenant_id, id, user_id, email, name, role, external_id, active)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (tenant_id, id) DO UPDATE
     SET user_id = excluded.user_id, email = excluded.email, name = excluded.name, role = excluded.role,
         external_id = excluded.external_id, active = excluded.active
  RETURNING id`;

/** Never as more than a member: who was an owner or an admin gets that from one again. */
const BRING_BACK = `
  INSERT INTO members (id, tenant_id, user_id, role, created_at)
  SELECT gen_random_uuid(), $1, s.user_id, CASE s.role WHEN 'viewer' THEN 'viewer' ELSE 'member' END, now()
    FROM scim_users s WHERE s.tenant_id = $1 AND s.id = $2 AND s.user_id IS NOT NULL
  ON CONFLICT (user_id, tenant_id) DO NOTHING RETURNING id`;

const FORGET = 'DELETE FROM scim_users WHERE tenant_id = $1 AND id = $2 RETURNING id';

/** The people of a tenant and what its directory has said of them. It neither makes accounts nor looks at those of other tenants. */
@Injectable()
export class ScimUserStore {
  constructor(
    private readonly system: SystemDatabase,
    private readonly changes: AuditedChanges,
  ) {}

  async list(
    { tenantId }: TenantScope,
    { id, email, externalId }: ScimFilter,
    { offset, limit }: { offset: number; limit: number },
  ): Promise<{ total: number; people: ScimPerson[] }> {
    const fits = [tenantId, id ?? null, email ?? null, externalId ?? null];
    const [counted] = await this.system.query<{ total: number }>(COUNT, fits);
    const people = await this.system.query<ScimPerson>(LIST, [...fits, offset, limit]);
    return { total: counted?.total ?? 0, people };
  }

  async find(scope: TenantScope, id: string): Promise<ScimPerson | undefined> {
    return (await this.list(scope, { id }, { offset: 0, limit: 1 })).people[0];
  }

  /** @returns false when the directory knows somebody with this address already; then nothing has changed */
  async expect(
    ctx: RequestContext,
    { id, email, name, externalId, active }: Omit<ScimPerson, 'userId' | 'role' | 'createdAt'>,
  ): Promise<boolean> {
    const values = [ctx.tenantId, id, email, name, externalId, active];
    return (await this.changes.create(ctx, EXPECT, values, { id, name: email })) !== undefined;
  }

  /** Keeps what the directory says of somebody, and how they are called. */
  async keep(ctx: RequestContext, person: ScimPerson): Promise<void> {
    const { id, userId, email, name, role, externalId, active } = person;
    await this.changes.change(ctx, KEEP, [ctx.tenantId, id, userId, email, name, role, externalId, active]);
  }

  /** Makes somebody who was removed a member again. */
  async bringBack(ctx: RequestContext, id: string): Promise<void> {
    await this.changes.change(ctx, BRING_BACK, [ctx.tenantId, id]);
  }

  async forget(ctx: RequestContext, id: string): Promise<void> {
    await this.changes.change(ctx, FORGET, [ctx.tenantId, id]);
  }
}
