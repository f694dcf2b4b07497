import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import { RunReconciler } from './run-reconciler.js';

/**
 * Hears from `codex:activity` that a run has moved, and kicks its session's reconciliation. It does not wait for that: the
 * stream is read one entry after the other, and a checkpoint of a large workspace must not delay every other run. A report
 * that is lost with the process does no harm, since the run's log still says it.
 */
@Controller()
export class RunStatusConsumer {
  constructor(private readonly reconciler: RunReconciler) {}

  @EventPattern('run.status')
  runMoved(@Payload() { tenant_id: tenantId, session_id: sessionId, status }: RunStatusActivity): void {
    // The backend that queued the run has kicked it already.
    if (status !== 'queued') void this.reconciler.kick({ tenantId, sessionId });
  }
}
