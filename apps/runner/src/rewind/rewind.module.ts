import { Module } from '@nestjs/common';
import { EngineModule } from '../engine/engine.module.js';
import { ThreadsModule } from '../threads/threads.module.js';
import { RewindController } from './rewind.controller.js';
import { Rewind } from './rewind.js';

@Module({ imports: [EngineModule, ThreadsModule], controllers: [RewindController], providers: [Rewind] })
export class RewindModule {}
