import { Module } from '@nestjs/common';
import { RunnerClientModule } from '../runner-client/runner-client.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { BackendHealthController, BackendReadinessController } from './probes.controller.js';
import { readiness } from './readiness.js';
import { RedisMetrics } from './redis-metrics.js';
import { SystemController } from './system.controller.js';
import { SystemService } from './system.service.js';

@Module({
  imports: [RunnerClientModule, UsageModule],
  controllers: [BackendHealthController, BackendReadinessController, SystemController],
  providers: [RedisMetrics, SystemService, readiness],
})
export class SystemModule {}
