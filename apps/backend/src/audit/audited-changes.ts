import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '../database/system-database.js';
import { TenantDatabase } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import type { RequestContext } from '../identity/request-context.js';
import type { AuditNotes, RequestOrigin } from '../identity/request-origin.js';
import { RequestAudit } from './request-audit.js';

/**
 * Changes of what only the system's role may write, since it is read before the tenant is known: members, invitations, keys,
 * tenants. The entry of the request is written in the same transaction, so that neither is there without the other:
 *
 *     one transaction of the tenant:  statement, as the system ─► it changed something? ─► the entry, as the tenant
 */
@Injectable()
export class AuditedChanges {
  constructor(
    private readonly db: TenantDatabase,
    private readonly system: SystemDatabase,
    private readonly audit: RequestAudit,
  ) {}

  /**
   * @param ctx whose tenant has the entry
   * @param statement returns a row when it has changed something; it must state the tenant itself
   */
  async change<T>(
    ctx: RequestContext,
    statement: string,
    parameters: unknown[],
    notes?: AuditNotes,
  ): Promise<T[]> {
    return this.db.run(ctx, async (tx) => {
      const rows = await this.system.queryIn<T>(tx, statement, parameters);
      if (rows.length > 0) await this.audit.recordIn(tx, ctx, notes);
      return rows;
    });
  }

  /**
   * Like `change`, for what an earlier attempt of the same request may have made, and its entry with it.
   * @param statement returns a row whose `isNew` says that it was not there before, or none
   */
  async create<T extends { isNew: boolean }>(
    ctx: RequestContext,
    statement: string,
    parameters: unknown[],
    target: AuditNotes['target'] = {},
  ): Promise<T | undefined> {
    return this.db.run(ctx, async (tx) => {
      const [row] = await this.system.queryIn<T>(tx, statement, parameters);
      if (row?.isNew) await this.audit.recordIn(tx, ctx, { target });
      else this.audit.recordedBefore(ctx);
      return row;
    });
  }

  /** Like `change`, on a public route: of the person who thereby becomes a member of the tenant. */
  async join<T>(
    scope: TenantScope,
    origin: RequestOrigin,
    person: { userId: string; name: string },
    statement: string,
    parameters: unknown[],
  ): Promise<T[]> {
    return this.db.run(scope, async (tx) => {
      const rows = await this.system.queryIn<T>(tx, statement, parameters);
      if (rows.length > 0) await this.audit.recordJoinedIn(tx, origin, person);
      return rows;
    });
  }
}
