import { Module } from '@nestjs/common';
import { readinessController } from '@saas-codex/service-kit/health/health.controllers';
import { readiness } from './readiness.js';
import { RunnerHealthController } from './runner-health.controller.js';
import { SystemController } from './system.controller.js';

@Module({
  controllers: [RunnerHealthController, readinessController('runner'), SystemController],
  providers: [readiness],
})
export class SystemModule {}
