import { Module } from '@nestjs/common';
import { RunnerClientModule } from '../runner-client/runner-client.module.js';
import { BackendHealthController } from './backend-health.controller.js';
import { SystemController } from './system.controller.js';
import { SystemService } from './system.service.js';

@Module({
  imports: [RunnerClientModule],
  controllers: [BackendHealthController, SystemController],
  providers: [SystemService],
})
export class SystemModule {}
