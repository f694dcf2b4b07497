import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { readActivity } from '@saas-codex/contracts/activity';
import { subscribeToActivity } from '@saas-codex/event-log/activity/activity-stream';
import type { Redis } from 'ioredis';
import { REDIS } from '../redis.module.js';
import { RunReconciler } from './run-reconciler.js';

/**
 * Kicks the reconciliation of a session as soon as one of its runs has moved. A message may be lost: the reconciler's scan
 * finds the run within 10 s anyway, since the run's log says that it has moved.
 *
 * Every backend hears the message and reconciles. That is fine: each step is a compare-and-set or may be repeated, so only
 * one backend takes it. The others spend some queries and, when a run has ended, a checkpoint of the same tree.
 */
@Injectable()
export class RunStatusListener implements OnApplicationBootstrap, OnModuleDestroy {
  private unsubscribe: () => void = () => undefined;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly reconciler: RunReconciler,
  ) {}

  onApplicationBootstrap(): void {
    this.unsubscribe = subscribeToActivity(this.redis, (json) => this.receive(json));
  }

  onModuleDestroy(): void {
    this.unsubscribe();
  }

  private receive(json: string): void {
    const activity = readActivity(json);
    // The backend that queued the run has kicked it already.
    if (activity?.type !== 'run.status' || activity.status === 'queued') return;
    void this.reconciler.kick({ tenantId: activity.tenant_id, sessionId: activity.session_id });
  }
}
