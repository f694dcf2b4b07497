import { Injectable } from '@nestjs/common';
import { type PageQuery, Timestamp } from '@saas-codex/contracts/pagination';
import type {
  CreateServiceAccount,
  ServiceAccount,
  ServiceAccountPage,
  ServiceAccountRole,
  UpdateServiceAccount,
} from '@saas-codex/contracts/service-accounts';
import { z } from 'zod';
import { RequestAudit } from '../audit/request-audit.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { SystemDatabase } from '../database/system-database.js';
import { TenantDatabase } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';

/** JavaScript's times have milliseconds, and so have the keys of pages. */
const CREATED = `date_trunc('milliseconds', a.created_at)`;
const ACCOUNT = `a.id, a.name, a.role, ${CREATED} AS "createdAt"`;

interface AccountRow {
  id: string;
  name: string;
  role: ServiceAccountRole;
  createdAt: Date;
}

/** This version wrote its role. */
type KnownAccount = ServiceAccount & Pick<AccountRow, 'role'>;

const LIST = `
  SELECT ${ACCOUNT} FROM service_accounts a
   WHERE a.tenant_id = $1 AND ($2::timestamptz IS NULL OR (${CREATED}, a.id) < ($2, $3::text))
   ORDER BY ${CREATED} DESC, a.id DESC LIMIT $4`;

const ONE = `SELECT ${ACCOUNT} FROM service_accounts a WHERE a.tenant_id = $1 AND a.id = $2`;

/** An earlier attempt of the same request may have made it. */
const INSERT = `
  INSERT INTO service_accounts (id, tenant_id, name, role, created_by) VALUES ($2, $1, $3, $4, $5)
  ON CONFLICT (id) DO NOTHING RETURNING id`;

const UPDATE = `
  UPDATE service_accounts a SET name = coalesce($3, a.name), role = coalesce($4, a.role)
   WHERE a.tenant_id = $1 AND a.id = $2 RETURNING ${ACCOUNT}`;

/** Its keys go, too. */
const REMOVE = 'DELETE FROM service_accounts a WHERE a.tenant_id = $1 AND a.id = $2 RETURNING a.id';

const AccountCursor = z.tuple([Timestamp, z.string().max(100)]);

/** The service accounts of a tenant. The system reads them, as it reads people; a change is its tenant's, with its audit entry. */
@Injectable()
export class ServiceAccountStore {
  constructor(
    private readonly system: SystemDatabase,
    private readonly db: TenantDatabase,
    private readonly audit: RequestAudit,
  ) {}

  /** @throws ProblemError invalid_cursor */
  async list({ tenantId }: TenantScope, { cursor, limit }: PageQuery): Promise<ServiceAccountPage> {
    const after = decodeCursor(cursor, AccountCursor) ?? [null, null];
    const rows = await this.system.query<AccountRow>(LIST, [tenantId, ...after, limit + 1]);
    return toPage(rows, limit, (row) => [row.createdAt.toISOString(), row.id], toServiceAccount);
  }

  async find({ tenantId }: TenantScope, id: string): Promise<KnownAccount | undefined> {
    const [row] = await this.system.query<AccountRow>(ONE, [tenantId, id]);
    return row && toServiceAccount(row);
  }

  async insert(ctx: RequestContext, id: string, { name, role }: CreateServiceAccount): Promise<void> {
    const values = [ctx.tenantId, id, name, role, actorId(ctx.actor)];
    await this.db.run(ctx, async (tx) => {
      const added = await tx.manager.query<unknown[]>(INSERT, values);
      if (added.length > 0) await this.audit.recordIn(tx, ctx, { target: { id, name } });
      else this.audit.recordedBefore(ctx);
    });
  }

  async update(
    ctx: RequestContext,
    id: string,
    { name, role }: UpdateServiceAccount,
  ): Promise<ServiceAccount | undefined> {
    return this.db.run(ctx, async (tx) => {
      const values = [ctx.tenantId, id, name ?? null, role ?? null];
      const [[row]] = await tx.manager.query<[AccountRow[]]>(UPDATE, values);
      if (!row) return undefined;
      await this.audit.recordIn(tx, ctx);
      return toServiceAccount(row);
    });
  }

  /** @returns false when there is no such service account */
  async remove(ctx: RequestContext, id: string): Promise<boolean> {
    return this.db.run(ctx, async (tx) => {
      const [removed] = await tx.manager.query<[unknown[]]>(REMOVE, [ctx.tenantId, id]);
      if (removed.length === 0) return false;
      await this.audit.recordIn(tx, ctx);
      return true;
    });
  }
}

const toServiceAccount = ({ id, name, role, createdAt }: AccountRow): KnownAccount => ({
  service_account_id: id,
  name,
  role,
  created_at: createdAt.toISOString(),
});
