import { Module } from '@nestjs/common';
import { readinessController } from '@saas-codex/service-kit/health/health.controllers';
import { EngineModule } from '../engine/engine.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { readiness } from './readiness.js';
import { RunnerHealthController } from './runner-health.controller.js';
import { SystemController } from './system.controller.js';

@Module({
  imports: [EngineModule, RunsModule],
  controllers: [RunnerHealthController, readinessController('runner'), SystemController],
  providers: [readiness],
})
export class SystemModule {}
