import { BullModule } from '@nestjs/bullmq';
import { Module, type OnModuleDestroy } from '@nestjs/common';
import { RunLogHub } from '@saas-codex/event-log/run-log/run-log.hub';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config.js';
import { EgressModule } from '../sandbox/egress/egress.module.js';
import { EngineModule } from '../engine/engine.module.js';
import { ThreadsModule } from '../threads/threads.module.js';
import { ActiveRuns } from './active-runs.js';
import { PreparedSessions } from './prepared-sessions.js';
import { RunAccess } from './run-access.js';
import { RunExecutor } from './run-executor.js';
import { LateSteers } from './late-steers.js';
import { RunInbox } from './run-inbox.js';
import { RUN_QUEUE } from './run-queue.js';
import { RunTelemetry } from './run-telemetry.js';
import { RunsController } from './runs.controller.js';
import { RunsProcessor } from './runs.processor.js';
import { RunQueueService } from './run-queue.service.js';
import { WorkPlaces } from './work-places.js';
import { SessionHolders } from './session-holders.js';
import { WarmController } from './warm.controller.js';

const MEGABYTE = 1024 * 1024;

const hub = { provide: RunLogHub, inject: [Redis], useFactory: (redis: Redis) => new RunLogHub(redis) };

const logs = {
  provide: RunLogs,
  inject: [Redis, CONFIG],
  useFactory: (redis: Redis, { WORKSPACES_ROOT, MAX_LOGS_MB_PER_TENANT }: Config) =>
    new RunLogs(redis, WORKSPACES_ROOT, MAX_LOGS_MB_PER_TENANT * MEGABYTE),
};

@Module({
  imports: [BullModule.registerQueue({ name: RUN_QUEUE }), EgressModule, EngineModule, ThreadsModule],
  controllers: [RunsController, WarmController],
  providers: [
    RunQueueService,
    RunAccess,
    PreparedSessions,
    SessionHolders,
    RunExecutor,
    RunTelemetry,
    RunsProcessor,
    ActiveRuns,
    LateSteers,
    RunInbox,
    WorkPlaces,
    hub,
    logs,
  ],
  exports: [PreparedSessions, RunQueueService],
})
export class RunsModule implements OnModuleDestroy {
  constructor(private readonly hub: RunLogHub) {}

  onModuleDestroy(): void {
    this.hub.close();
  }
}
