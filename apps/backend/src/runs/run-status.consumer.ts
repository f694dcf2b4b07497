import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import { RunKeeper } from './run-keeper.js';

/**
 * Learns from `codex:activity` that a run's status changed, and has the run reconciled. It does not wait for that: entries
 * of the stream are read one by one, and a checkpoint of a large workspace must not delay other runs. An entry that is lost
 * with the process does no harm, since RunKeeper also finds the change in the run's log.
 */
@Controller()
export class RunStatusConsumer {
  constructor(private readonly keeper: RunKeeper) {}

  @EventPattern('run.status')
  runMoved(@Payload() { tenant_id: tenantId, session_id: sessionId, status }: RunStatusActivity): void {
    // Queueing is the backend's own report, and the queueing transaction has kicked the keeper already.
    if (status !== 'queued') void this.keeper.keep({ tenantId, sessionId });
  }
}
