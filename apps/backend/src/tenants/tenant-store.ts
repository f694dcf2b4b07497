import { Injectable } from '@nestjs/common';
import { type PageQuery, Timestamp } from '@saas-codex/contracts/pagination';
import type { Role } from '@saas-codex/contracts/permissions';
import type { Tenant, TenantPage } from '@saas-codex/contracts/tenants';
import { z } from 'zod';
import { AuditedChanges } from '../audit/audited-changes.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { SystemDatabase } from '../database/system-database.js';
import { DELETES_AT, PRINCIPALS } from '../identity/memberships.js';
import type { RequestContext } from '../identity/request-context.js';

const JOINED = `date_trunc('milliseconds', m.created_at)`;
const TENANT = `
  t.id, t.name, m.role, date_trunc('milliseconds', t.created_at) AS "createdAt", ${JOINED} AS "joinedAt", ${DELETES_AT} AS "deletesAt"`;

/** $2: only this tenant; null: all of the viewer's. */
const LIST = `
  SELECT ${TENANT} FROM ${PRINCIPALS}
   WHERE m.principal_id = $1 AND ($2::text IS NULL OR t.id = $2)
     AND ($3::timestamptz IS NULL OR (${JOINED}, t.id) > ($3, $4::text))
   ORDER BY ${JOINED}, t.id LIMIT $5`;

/** $4: how many the person may own with it. */
const INSERT = `
  WITH made AS (
    INSERT INTO tenants (id, name, slug, created_at)
    SELECT $1, $2, $1, now() WHERE (SELECT count(*) FROM members WHERE user_id = $3 AND role = 'owner') < $4
    ON CONFLICT (id) DO NOTHING RETURNING id),
  owner AS (
    INSERT INTO members (id, tenant_id, user_id, role, created_at)
    SELECT gen_random_uuid(), id, $3, 'owner', now() FROM made)
  SELECT true AS "isNew" FROM made`;

const RENAME = `
  WITH renamed AS (UPDATE tenants SET name = $2 WHERE id = $1 AND deleted_at IS NULL RETURNING id) SELECT id FROM renamed`;

/**
 * The rows of all tenants are locked in one order, so that of two that are deleted at the same time the second one counts
 * what is left: an installation keeps a tenant.
 */
const DELETE = `
  WITH present AS MATERIALIZED (
    SELECT id FROM tenants WHERE deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE),
  deleted AS (
    UPDATE tenants SET deleted_at = now()
     WHERE id = $1 AND deleted_at IS NULL AND (SELECT count(*) FROM present) > 1
    RETURNING id)
  SELECT id FROM deleted`;

const RESTORE = `
  WITH restored AS (
    UPDATE tenants SET deleted_at = NULL WHERE id = $1 AND removal_started_at IS NULL RETURNING id)
  SELECT id FROM restored`;

const DELETED = 'SELECT id AS "tenantId" FROM tenants WHERE deleted_at IS NOT NULL ORDER BY deleted_at';
const IS_DELETED = 'SELECT id FROM tenants WHERE id = $1 AND deleted_at IS NOT NULL';

/** Ends the time in which the tenant can be restored, once it is over. */
const BEGIN_REMOVAL = `
  WITH begun AS (
    UPDATE tenants t SET removal_started_at = coalesce(removal_started_at, now())
     WHERE id = $1 AND ${DELETES_AT} <= now() RETURNING id)
  SELECT id FROM begun`;

/** Memberships, invitations and service accounts go with the tenant's row. */
const REMOVE = `
  WITH gone AS (DELETE FROM tenants WHERE id = $1 AND removal_started_at IS NOT NULL RETURNING id),
  keys AS (DELETE FROM api_keys k USING gone g WHERE k.metadata::jsonb ->> 'tenantId' = g.id),
  calls AS (DELETE FROM model_calls c USING gone g WHERE c.tenant_id = g.id),
  totals AS (DELETE FROM spend_totals t USING gone g WHERE t.tenant_id = g.id),
  rules AS (DELETE FROM spend_rules r USING gone g WHERE r.tenant_id = g.id),
  cookies AS (UPDATE user_sessions s SET active_tenant_id = NULL FROM gone g WHERE s.active_tenant_id = g.id)
  SELECT id FROM gone`;

interface TenantRow {
  id: string;
  name: string;
  role: Role;
  createdAt: Date;
  joinedAt: Date;
  deletesAt: Date | null;
}

/** Whose tenants, and seen from which one. */
export interface TenantViewer {
  /** Of a person or a service account. */
  id: string;
  /** The tenant of the request. */
  current: string;
}

const TenantCursor = z.tuple([Timestamp, z.string().max(100)]);

/** Tenants, as their members see them, and as they are deleted. */
@Injectable()
export class TenantStore {
  constructor(
    private readonly system: SystemDatabase,
    private readonly changes: AuditedChanges,
  ) {}

  /** @param only one tenant; null: all of the viewer's @throws ProblemError invalid_cursor */
  async list(viewer: TenantViewer, { cursor, limit }: PageQuery, only: string | null): Promise<TenantPage> {
    const after = decodeCursor(cursor, TenantCursor) ?? [null, null];
    const rows = await this.system.query<TenantRow>(LIST, [viewer.id, only, ...after, limit + 1]);
    const keyOf = (row: TenantRow) => [row.joinedAt.toISOString(), row.id];
    return toPage(rows, limit, keyOf, (row) => toTenant(row, viewer));
  }

  async find(viewer: TenantViewer, id: string): Promise<Tenant | undefined> {
    const page = await this.list(viewer, { limit: 1 }, id);
    return page.items[0];
  }

  /** Creates a tenant with its owner, unless an earlier attempt of the same request has, or the owner has `limit` already. */
  async insert(ctx: RequestContext, id: string, name: string, ownerId: string, limit: number): Promise<void> {
    // Its audit log begins with it.
    const itself = { ...ctx, tenantId: id };
    await this.changes.create(itself, INSERT, [id, name, ownerId, limit], { id, name });
  }

  async rename(ctx: RequestContext, name: string): Promise<void> {
    await this.changes.change(ctx, RENAME, [ctx.tenantId, name]);
  }

  /** @returns false when it is deleted already, or the last one */
  async markDeleted(ctx: RequestContext): Promise<boolean> {
    return (await this.changes.change(ctx, DELETE, [ctx.tenantId])).length > 0;
  }

  /** @returns false when its data is being removed */
  async restore(ctx: RequestContext): Promise<boolean> {
    return (await this.changes.change(ctx, RESTORE, [ctx.tenantId])).length > 0;
  }

  /** The tenants that are deleted and still there. */
  deleted(): Promise<{ tenantId: string }[]> {
    return this.system.query(DELETED);
  }

  isDeleted(id: string): Promise<boolean> {
    return this.finds(IS_DELETED, id);
  }

  /** @returns whether the tenant can no longer be restored */
  beginRemoval(id: string): Promise<boolean> {
    return this.finds(BEGIN_REMOVAL, id);
  }

  /** The last step of a removal. */
  async remove(id: string): Promise<void> {
    await this.finds(REMOVE, id);
  }

  private async finds(statement: string, id: string): Promise<boolean> {
    return (await this.system.query(statement, [id])).length > 0;
  }
}

const toTenant = (row: TenantRow, { current }: TenantViewer): Tenant => ({
  tenant_id: row.id,
  name: row.name,
  role: row.role,
  current: row.id === current,
  created_at: row.createdAt.toISOString(),
  deletes_at: row.deletesAt?.toISOString() ?? null,
});
