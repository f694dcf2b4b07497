import { Body, Controller, Post } from '@nestjs/common';
import { CreateThread, type ThreadCreated } from '@saas-codex/contracts/runner-api';
import type { z } from 'zod';
import { ThreadStore } from './thread-store.js';

@Controller('threads')
export class ThreadsController {
  constructor(private readonly threads: ThreadStore) {}

  @Post()
  async create(@Body({ schema: CreateThread }) body: z.output<typeof CreateThread>): Promise<ThreadCreated> {
    return { threadId: await this.threads.createThread(body) };
  }
}
