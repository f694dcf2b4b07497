import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '../database/system-database.js';
import { TenantDatabase } from '../database/tenant-database.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import { ModelLedger } from './model-ledger.js';

interface Tenant {
  tenantId: string;
}

const PLACES = { total: 4, perTenant: 1 };
const PAGE = 50;
/** A runner settles its calls right after the run. By then it would have, or it is gone. */
const GRACE = `interval '1 minute'`;

/** Condition on a call `c`: it is reserved, and its run has ended, or is gone with its session. */
const LEFT_BEHIND = `
  c.state = 'reserved' AND NOT EXISTS (
    SELECT FROM runs r WHERE r.tenant_id = c.tenant_id AND r.id = c.run_id AND (r.ended_at IS NULL OR r.ended_at > now() - ${GRACE}))`;
const TENANTS = `SELECT DISTINCT c.tenant_id AS "tenantId" FROM model_calls c WHERE ${LEFT_BEHIND}`;
const CALLS = `SELECT c.id FROM model_calls c WHERE c.tenant_id = $1 AND ${LEFT_BEHIND} LIMIT ${PAGE}`;

/** Ends the reservations of runs that are over: those of a killed runner count as if they had used all that was reserved. */
@Injectable()
export class LedgerReconciler extends Reconciler<Tenant> {
  constructor(
    private readonly system: SystemDatabase,
    private readonly db: TenantDatabase,
    private readonly ledger: ModelLedger,
  ) {
    super({ keyOf: ({ tenantId }) => tenantId, tenantOf: ({ tenantId }) => tenantId, places: PLACES });
  }

  protected async *scan(): AsyncGenerator<Tenant[]> {
    yield await this.system.query<Tenant>(TENANTS);
  }

  protected async reconcile({ tenantId }: Tenant): Promise<ReconcileResult> {
    const calls = await this.db.run({ tenantId }, (tx) =>
      tx.manager.query<{ id: string }[]>(CALLS, [tenantId]),
    );
    for (const { id } of calls)
      await this.ledger.settle(id, { tenant_id: tenantId, outcome: 'unknown', usage: null });
    return calls.length === PAGE ? 'more' : 'done';
  }
}
