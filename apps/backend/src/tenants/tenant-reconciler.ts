import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { AuditRetention } from '../audit/audit-retention.js';
import { TenantDatabase } from '../database/tenant-database.js';
import { systemContext } from '../identity/request-context.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import { RunsService } from '../runs/runs.service.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { Storage } from '../workspaces/storage/storage.js';
import { TenantStore } from './tenant-store.js';

interface DeletedTenant {
  tenantId: string;
}

/** Tenants that are worked on at the same time. */
const PLACES = { total: 4, perTenant: 1 };

/**
 * Takes deleted tenants to their end:
 *
 *     deleted ──at once──► its runs are stopped, and nothing can start any
 *        │ an owner restores it: everything is as before, but for the stopped runs
 *        └──TENANT_GRACE_DAYS──► its sessions are deleted, one by one, by SessionReconciler
 *                                  └──none is left──► its mirrors go, then its row, with members, service accounts, invitations and keys
 *
 * Every step may be repeated, also by several backends at once.
 */
@Injectable()
export class TenantReconciler extends Reconciler<DeletedTenant> {
  constructor(
    private readonly db: TenantDatabase,
    private readonly tenants: TenantStore,
    private readonly runs: RunsService,
    private readonly storage: Storage,
    private readonly auditRetention: AuditRetention,
  ) {
    super({ keyOf: ({ tenantId }) => tenantId, tenantOf: ({ tenantId }) => tenantId, places: PLACES });
  }

  protected async *scan(): AsyncGenerator<DeletedTenant[]> {
    yield await this.tenants.deleted();
  }

  protected async reconcile({ tenantId }: DeletedTenant): Promise<ReconcileResult> {
    if (!(await this.tenants.isDeleted(tenantId))) return 'done';
    const ctx = systemContext('removal', tenantId);
    await this.runs.cancelAll(ctx);
    if (!(await this.tenants.beginRemoval(tenantId))) return 'done';
    const left = await this.db.run(ctx, async (tx) => {
      const sessions = tx.of(SessionEntity);
      await sessions.update({ deletedAt: IsNull() }, { deletedAt: new Date() });
      return sessions.count();
    });
    // SessionReconciler finds them, and the next scan here what is left then.
    if (left > 0) return 'done';
    await this.storage.removeMirrors(ctx);
    await this.tenants.remove(tenantId);
    await this.auditRetention.kick({});
    return 'done';
  }
}
