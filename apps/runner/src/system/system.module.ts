import { createRequire } from 'node:module';
import { Module } from '@nestjs/common';
import { healthController } from '@saas-codex/platform/health.controller';
import { EngineModule } from '../engine/engine.module.js';
import { SystemController } from './system.controller.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

@Module({ imports: [EngineModule], controllers: [healthController('runner', version), SystemController] })
export class SystemModule {}
