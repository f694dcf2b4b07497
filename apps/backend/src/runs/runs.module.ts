import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { ImagesModule } from '../images/images.module.js';
import { REDIS } from '../redis.module.js';
import { RunnerClientModule } from '../runner-client/runner-client.module.js';
import { RunsPort } from '../sessions/runs-port.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { LimitWaits } from '../usage/limit-waits.js';
import { CheckEvidence } from './check-evidence.js';
import { LimitWaitsAdapter } from './limit-waits-adapter.js';
import { EditNotes } from './edit-notes.js';
import { QueueController } from './queue.controller.js';
import { RunApprovals } from './run-approvals.js';
import { ProposalPrompts } from './proposal-prompts.js';
import { RequiredCapability } from './required-capability.js';
import { RunDispatch } from './run-dispatch.js';
import { RunEntity } from './run.entity.js';
import { RunLimits } from './run-limits.js';
import { RunMetrics } from './run-metrics.js';
import { RunMoves } from './run-moves.js';
import { RunPlaces } from './run-places.js';
import { RunQueue } from './run-queue.js';
import { RunQueueing } from './run-queueing.js';
import { RunReconciler } from './run-reconciler.js';
import { RunScan } from './run-scan.js';
import { RunSettling } from './run-settling.js';
import { RunStatusConsumer } from './run-status.consumer.js';
import { RunTurns } from './run-turns.js';
import { RunStore } from './run-store.js';
import { RunsController } from './runs.controller.js';
import { RunsPortAdapter } from './runs-port-adapter.js';
import { RunsService } from './runs.service.js';
import { SteerDelivery } from './steers/steer-delivery.js';
import { SteerEntity } from './steers/steer.entity.js';
import { SteersController } from './steers/steers.controller.js';
import { SteersService } from './steers/steers.service.js';
import { WarmStart } from './warm-start.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([RunEntity, SteerEntity]),
    EvidenceModule,
    RunnerClientModule,
    ImagesModule,
    SecretsModule,
    SessionsModule,
    UsageModule,
    WorkspacesModule,
  ],
  controllers: [QueueController, RunStatusConsumer, RunsController, SteersController],
  providers: [
    {
      provide: RunLogs,
      inject: [REDIS, CONFIG],
      useFactory: (redis: Redis, config: Config) => new RunLogs(redis, config.WORKSPACES_ROOT),
    },
    CheckEvidence,
    EditNotes,
    LimitWaitsAdapter,
    ProposalPrompts,
    RunApprovals,
    RequiredCapability,
    RunDispatch,
    RunLimits,
    RunMetrics,
    RunMoves,
    RunPlaces,
    RunQueue,
    RunQueueing,
    RunReconciler,
    RunScan,
    RunSettling,
    RunStore,
    RunTurns,
    RunsPortAdapter,
    RunsService,
    SteerDelivery,
    SteersService,
    WarmStart,
  ],
  exports: [LimitWaitsAdapter, RunLogs, RunsPortAdapter, RunsService, RunStore, RunTurns],
})
export class RunsModule {}

/** Gives sessions their `RunsPort` and usage its `LimitWaits`. It is global since they, on which runs are built, cannot import it. */
@Global()
@Module({
  imports: [RunsModule],
  providers: [
    { provide: RunsPort, useExisting: RunsPortAdapter },
    { provide: LimitWaits, useExisting: LimitWaitsAdapter },
  ],
  exports: [LimitWaits, RunsPort],
})
export class RunsPortModule {}
