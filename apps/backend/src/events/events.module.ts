import { type BeforeApplicationShutdown, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ActivityHub } from '@saas-codex/event-log/activity/activity.hub';
import { RunLogHub } from '@saas-codex/event-log/run-log/run-log.hub';
import { StreamPlaces } from '@saas-codex/event-log/sse/stream-places';
import type { Redis } from 'ioredis';
import { ArchiveModule } from '../archive/archive.module.js';
import { CONFIG, type Config } from '../config.js';
import { REDIS } from '../redis.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SessionStore } from '../sessions/session-store.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { EventsController } from './events.controller.js';
import { RunHistoryController } from './run-history.controller.js';
import { RunItemsController } from './run-items.controller.js';
import { RunItems } from './run-items.js';
import { RunLogAccess } from './run-log-access.js';
import { SessionPresenceController } from './session-presence.controller.js';
import { SessionPresence } from './session-presence.js';
import { StreamMetrics } from './stream-metrics.js';

/** Earlier versions had one activity stream for all tenants. It is kept for a day, for their backends that still run. */
const FORMER_ACTIVITY_STREAM = 'codex:activity';
const A_DAY_SECONDS = 24 * 60 * 60;

@Module({
  imports: [ArchiveModule, RunsModule, SessionsModule],
  controllers: [SessionPresenceController, EventsController, RunItemsController, RunHistoryController],
  providers: [
    RunLogAccess,
    RunItems,
    SessionPresence,
    StreamMetrics,
    {
      provide: StreamPlaces,
      inject: [CONFIG],
      useFactory: ({ MAX_STREAMS_PER_TENANT }: Config) => new StreamPlaces(MAX_STREAMS_PER_TENANT),
    },
    {
      provide: RunLogHub,
      inject: [REDIS, StreamMetrics],
      useFactory: (redis: Redis, metrics: StreamMetrics) =>
        metrics.of('run', (options) => new RunLogHub(redis, options)),
    },
    {
      provide: ActivityHub,
      inject: [REDIS, StreamMetrics, SessionStore],
      useFactory: (redis: Redis, metrics: StreamMetrics, sessions: SessionStore) =>
        metrics.of('activity', (options) => new ActivityHub(redis, sessions.readersOf, options)),
    },
  ],
})
export class EventsModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly runLogs: RunLogHub,
    private readonly activity: ActivityHub,
  ) {}

  onApplicationBootstrap(): void {
    this.redis.expire(FORMER_ACTIVITY_STREAM, A_DAY_SECONDS).catch(() => undefined);
  }

  /** Before the HTTP server closes, since it waits for open streams; their clients come back by themselves. */
  beforeApplicationShutdown(): void {
    this.runLogs.close();
    this.activity.close();
  }
}
