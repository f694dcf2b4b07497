import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Id } from '@saas-codex/contracts/ids';
import { type ThreadCreated, WarmThread } from '@saas-codex/contracts/runner-api';
import type { z } from 'zod';
import { PreparedSessions } from './prepared-sessions.js';

@Controller('threads')
export class WarmController {
  constructor(private readonly prepared: PreparedSessions) {}

  @Post(':threadId/warm')
  @HttpCode(202)
  async warm(
    @Param('threadId', { schema: Id }) threadId: string,
    @Body({ schema: WarmThread }) body: z.output<typeof WarmThread>,
  ): Promise<ThreadCreated> {
    await this.prepared.prepare(threadId, body);
    return { threadId };
  }
}
