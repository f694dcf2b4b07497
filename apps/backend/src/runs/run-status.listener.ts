import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { readActivity } from '@saas-codex/contracts/activity';
import { subscribeToActivity } from '@saas-codex/event-log/activity/activity-stream';
import type { Redis } from 'ioredis';
import { REDIS } from '../redis.module.js';
import { RunKeeper } from './run-keeper.js';

/**
 * Has a session's runs looked at as soon as one of them has moved. A message may be lost: the run keeper finds the run
 * within 10 s anyway, since the run's log says that it has moved.
 *
 * Every backend hears the message and looks. That is fine: each step is a compare-and-set or may be repeated, so only one
 * backend takes it. The others spend some queries and, when a run has ended, a checkpoint of the same tree.
 */
@Injectable()
export class RunStatusListener implements OnApplicationBootstrap, OnModuleDestroy {
  private unsubscribe: () => void = () => undefined;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keeper: RunKeeper,
  ) {}

  onApplicationBootstrap(): void {
    this.unsubscribe = subscribeToActivity(this.redis, (json) => this.receive(json));
  }

  onModuleDestroy(): void {
    this.unsubscribe();
  }

  private receive(json: string): void {
    const activity = readActivity(json);
    // A backend that queues a run looks at it without this.
    if (activity?.type !== 'run.status' || activity.status === 'queued') return;
    void this.keeper.keep({ tenantId: activity.tenant_id, sessionId: activity.session_id });
  }
}
