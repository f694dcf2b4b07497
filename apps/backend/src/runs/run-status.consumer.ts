import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import { RunKeeper } from './run-keeper.js';

/**
 * Hears from `codex:activity` that a run moved, and has it looked at. The looking is not waited for: the stream is
 * read one entry after the other, and a checkpoint of a large workspace must not hold up everybody's runs. A report
 * that is lost with the process is no loss, since the run's log still says it (RunKeeper).
 */
@Controller()
export class RunStatusConsumer {
  constructor(private readonly keeper: RunKeeper) {}

  @EventPattern('run.status')
  runMoved(@Payload() { tenant_id: tenantId, session_id: sessionId, status }: RunStatusActivity): void {
    // Queueing is our own news: whoever queued the run has it looked at.
    if (status !== 'queued') void this.keeper.keep({ tenantId, sessionId });
  }
}
