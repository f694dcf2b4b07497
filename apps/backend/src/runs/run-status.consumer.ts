import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import { systemContext } from '../tenants/request-context.js';
import { RunKeeper } from './run-keeper.js';
import { RunSettling } from './run-settling.js';

/**
 * Moves runs along by what `codex:activity` reports. At least once: an activity whose handling failed comes again.
 * What is lost nevertheless is found in the runs' logs (RunKeeper).
 */
@Controller()
export class RunStatusConsumer {
  constructor(
    private readonly settling: RunSettling,
    private readonly keeper: RunKeeper,
  ) {}

  @EventPattern('run.status')
  async apply(@Payload() activity: RunStatusActivity): Promise<void> {
    // Queueing is our own news, and is in the database before it is told.
    if (activity.status === 'queued') return;
    await this.settling.apply(systemContext(activity.tenant_id), activity);
    void this.keeper.keep({ tenantId: activity.tenant_id, sessionId: activity.session_id });
  }
}
