import { Module } from '@nestjs/common';
import { healthController } from '@saas-codex/platform/health.controller';
import { EngineModule } from '../engine/engine.module.js';
import { SystemController } from './system.controller.js';

@Module({ imports: [EngineModule], controllers: [healthController('runner'), SystemController] })
export class SystemModule {}
