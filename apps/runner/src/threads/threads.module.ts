import { Module } from '@nestjs/common';
import { ExclusiveThreads } from './exclusive-threads.js';
import { ThreadStore } from './thread-store.js';
import { ThreadsController } from './threads.controller.js';

@Module({
  controllers: [ThreadsController],
  providers: [ExclusiveThreads, ThreadStore],
  exports: [ExclusiveThreads, ThreadStore],
})
export class ThreadsModule {}
