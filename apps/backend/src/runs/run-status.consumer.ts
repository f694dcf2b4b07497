import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import { RunMoves } from './run-moves.js';
import { RunReconciler } from './run-reconciler.js';

/**
 * Kicks the reconciliation of a session as soon as one of its runs has moved. A message may be lost: the reconciler's scan
 * finds the run within 10 s anyway, since the run's log says that it has moved.
 *
 * Every backend hears the message and reconciles. That is fine: each step is a compare-and-set or may be repeated, so only
 * one backend takes it. The others spend some queries and, when a run has ended, a checkpoint of the same tree.
 */
@Controller()
export class RunStatusConsumer {
  constructor(
    private readonly reconciler: RunReconciler,
    private readonly moves: RunMoves,
  ) {}

  @EventPattern('run.status')
  runMoved(
    @Payload() { tenant_id: tenantId, session_id: sessionId, run_id: runId, status }: RunStatusActivity,
  ): void {
    // The backend that queued the run has kicked it already.
    if (status === 'queued') return;
    void this.reconciler.kick({ tenantId, sessionId });
    this.moves.report(runId);
  }
}
