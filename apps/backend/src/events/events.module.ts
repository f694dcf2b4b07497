import { type BeforeApplicationShutdown, Module } from '@nestjs/common';
import { ActivityHub } from '@saas-codex/event-log/activity/activity.hub';
import { RunLogHub } from '@saas-codex/event-log/run-log/run-log.hub';
import type { Redis } from 'ioredis';
import { ArchiveModule } from '../archive/archive.module.js';
import { REDIS } from '../redis.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { EventsController } from './events.controller.js';
import { StreamMetrics } from './stream-metrics.js';

@Module({
  imports: [ArchiveModule, RunsModule],
  controllers: [EventsController],
  providers: [
    StreamMetrics,
    {
      provide: RunLogHub,
      inject: [REDIS, StreamMetrics],
      useFactory: (redis: Redis, metrics: StreamMetrics) =>
        metrics.of('run', (options) => new RunLogHub(redis, options)),
    },
    {
      provide: ActivityHub,
      inject: [REDIS, StreamMetrics],
      useFactory: (redis: Redis, metrics: StreamMetrics) =>
        metrics.of('activity', (options) => new ActivityHub(redis, options)),
    },
  ],
})
export class EventsModule implements BeforeApplicationShutdown {
  constructor(
    private readonly runLogs: RunLogHub,
    private readonly activity: ActivityHub,
  ) {}

  /** Before the HTTP server closes, since it waits for open streams; their clients come back by themselves. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.runLogs.close(), this.activity.close()]);
  }
}
