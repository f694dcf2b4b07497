import { Module } from '@nestjs/common';
import { healthController } from '@saas-codex/platform/health.controller';
import { SystemController } from './system.controller.js';

@Module({ controllers: [healthController('runner'), SystemController] })
export class SystemModule {}
