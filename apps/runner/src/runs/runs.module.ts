import { BullModule } from '@nestjs/bullmq';
import { Inject, Module, type OnModuleDestroy } from '@nestjs/common';
import { ClientProxyFactory, type ClientRedis, Transport } from '@nestjs/microservices';
import { RunLogHub } from '@saas-codex/event-log/run-log/run-log.hub';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config.js';
import { EgressModule } from '../sandbox/egress/egress.module.js';
import { EngineModule } from '../engine/engine.module.js';
import { transportOptions } from '../redis/redis-options.js';
import { ThreadsModule } from '../threads/threads.module.js';
import { ActiveRuns } from './active-runs.js';
import { Cancellations, RUNNER_BROADCAST } from './cancellations.js';
import { CancellationsController } from './cancellations.controller.js';
import { RunAccess } from './run-access.js';
import { RunExecutor } from './run-executor.js';
import { RUN_QUEUE } from './run-queue.js';
import { RunTelemetry } from './run-telemetry.js';
import { RunsController } from './runs.controller.js';
import { RunsProcessor } from './runs.processor.js';
import { RunsService } from './runs.service.js';

const hub = { provide: RunLogHub, inject: [Redis], useFactory: (redis: Redis) => new RunLogHub(redis) };

const logs = {
  provide: RunLogs,
  inject: [Redis, CONFIG],
  useFactory: (redis: Redis, { WORKSPACES_ROOT }: Config) => new RunLogs(redis, WORKSPACES_ROOT),
};

const broadcast = {
  provide: RUNNER_BROADCAST,
  inject: [CONFIG],
  useFactory: ({ REDIS_URL }: Config) =>
    ClientProxyFactory.create({ transport: Transport.REDIS, options: transportOptions(REDIS_URL) }),
};

@Module({
  imports: [BullModule.registerQueue({ name: RUN_QUEUE }), EgressModule, EngineModule, ThreadsModule],
  controllers: [RunsController, CancellationsController],
  providers: [
    RunsService,
    RunAccess,
    RunExecutor,
    RunTelemetry,
    RunsProcessor,
    ActiveRuns,
    Cancellations,
    hub,
    logs,
    broadcast,
  ],
})
export class RunsModule implements OnModuleDestroy {
  constructor(
    private readonly hub: RunLogHub,
    @Inject(RUNNER_BROADCAST) private readonly broadcast: ClientRedis,
  ) {}

  async onModuleDestroy(): Promise<void> {
    await Promise.all([this.hub.close(), this.broadcast.close()]);
  }
}
