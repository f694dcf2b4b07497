import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { SystemDatabase } from '../database/system-database.js';
import { type Due, Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import { type ApprovalRef, ApprovalsService } from './approvals.service.js';

const PLACES = { total: 8, perTenant: 2 };

/** A run's end closes its questions, except where a backend that does not know them has recorded it. */
const PENDING = `
  SELECT a.tenant_id AS "tenantId", a.session_id AS "sessionId", a.run_id AS "runId", a.id AS "approvalId",
         r.ended_at IS NOT NULL AS "isOver", a.created_at AS "askedAt"
    FROM approvals a JOIN runs r ON r.tenant_id = a.tenant_id AND r.id = a.run_id
   WHERE a.status = 'pending'`;

/** Answers for people who do not, after APPROVAL_TIMEOUT_MINUTES. */
@Injectable()
export class ApprovalTimeouts extends Reconciler<ApprovalRef> {
  constructor(
    private readonly system: SystemDatabase,
    private readonly approvals: ApprovalsService,
    @Inject(CONFIG) private readonly config: Pick<Config, 'APPROVAL_TIMEOUT_MINUTES'>,
  ) {
    super({
      keyOf: ({ approvalId }) => approvalId,
      tenantOf: ({ tenantId }) => tenantId,
      places: PLACES,
    });
  }

  protected async *scan(): AsyncGenerator<Due<ApprovalRef>[]> {
    const pending = await this.system.query<ApprovalRef & { askedAt: Date }>(PENDING);
    const timeoutMs = this.config.APPROVAL_TIMEOUT_MINUTES * 60_000;
    yield pending.map(({ askedAt, ...ref }) =>
      ref.isOver ? ref : { ...ref, dueAt: new Date(askedAt.getTime() + timeoutMs) },
    );
  }

  protected async reconcile(ref: ApprovalRef): Promise<ReconcileResult> {
    await this.approvals.giveUp(ref);
    return 'done';
  }
}
