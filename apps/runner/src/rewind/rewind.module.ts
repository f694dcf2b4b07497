import { Module } from '@nestjs/common';
import { EngineModule } from '../engine/engine.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { ThreadsModule } from '../threads/threads.module.js';
import { ExclusiveThreads } from './exclusive-threads.js';
import { RewindController } from './rewind.controller.js';
import { Rewind } from './rewind.js';

@Module({
  imports: [EngineModule, RunsModule, ThreadsModule],
  controllers: [RewindController],
  providers: [ExclusiveThreads, Rewind],
})
export class RewindModule {}
