import { Module } from '@nestjs/common';
import { ThreadStore } from './thread-store.js';
import { ThreadsController } from './threads.controller.js';

@Module({
  controllers: [ThreadsController],
  providers: [ThreadStore],
  exports: [ThreadStore],
})
export class ThreadsModule {}
