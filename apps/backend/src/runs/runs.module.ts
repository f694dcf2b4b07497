import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config.js';
import { REDIS } from '../redis.module.js';
import { RunnerClientModule } from '../runner-client/runner-client.module.js';
import { SessionRuns } from '../sessions/session-runs.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { RunClosing } from './run-closing.js';
import { RunDispatch } from './run-dispatch.js';
import { RunEntity } from './run.entity.js';
import { RunMetrics } from './run-metrics.js';
import { RunQueueing } from './run-queueing.js';
import { RunReconciler } from './run-reconciler.js';
import { RunScan } from './run-scan.js';
import { RunSettling } from './run-settling.js';
import { RunStatusListener } from './run-status.listener.js';
import { RunStore } from './run-store.js';
import { RunsController } from './runs.controller.js';
import { RunsOfSession } from './runs-of-session.js';
import { RunsService } from './runs.service.js';

/** Global for one reason: sessions need `SessionRuns`, and they stand below runs. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([RunEntity]), RunnerClientModule, SessionsModule, WorkspacesModule],
  controllers: [RunsController],
  providers: [
    {
      provide: RunLogs,
      inject: [REDIS, CONFIG],
      useFactory: (redis: Redis, config: Config) => new RunLogs(redis, config.WORKSPACES_ROOT),
    },
    RunClosing,
    RunDispatch,
    RunMetrics,
    RunQueueing,
    RunReconciler,
    RunScan,
    RunSettling,
    RunStatusListener,
    RunStore,
    RunsService,
    { provide: SessionRuns, useClass: RunsOfSession },
  ],
  exports: [RunLogs, RunStore, SessionRuns],
})
export class RunsModule {}
