import { Module } from '@nestjs/common';
import { RunnerHealthController } from './runner-health.controller.js';
import { SystemController } from './system.controller.js';

@Module({ controllers: [RunnerHealthController, SystemController] })
export class SystemModule {}
