import { Body, Controller, HttpCode, Param, Post, Put } from '@nestjs/common';
import { Id } from '@saas-codex/contracts/ids';
import {
  type ConversationCut,
  CutConversation,
  PackCommits,
  type PackedCommits,
  RestoreFiles,
  SetConversation,
} from '@saas-codex/contracts/runner-api';
import { Rewind } from './rewind.js';

const id = { schema: Id };

/** Each call may be repeated. The backend makes them while no run of the session can start. */
@Controller('threads/:threadId')
export class RewindController {
  constructor(private readonly rewind: Rewind) {}

  @Post('conversations')
  @HttpCode(200)
  cut(
    @Param('threadId', id) threadId: string,
    @Body({ schema: CutConversation }) body: CutConversation,
  ): Promise<ConversationCut> {
    return this.rewind.cutConversation(threadId, body);
  }

  @Put('conversation')
  @HttpCode(204)
  set(
    @Param('threadId', id) threadId: string,
    @Body({ schema: SetConversation }) { conversation }: SetConversation,
  ): Promise<void> {
    return this.rewind.setConversation(threadId, conversation);
  }

  @Put('files')
  @HttpCode(204)
  restore(
    @Param('threadId', id) threadId: string,
    @Body({ schema: RestoreFiles }) body: RestoreFiles,
  ): Promise<void> {
    return this.rewind.restoreFiles(threadId, body);
  }

  @Post('pack')
  @HttpCode(200)
  pack(
    @Param('threadId', id) threadId: string,
    @Body({ schema: PackCommits }) body: PackCommits,
  ): Promise<PackedCommits> {
    return this.rewind.packCommits(threadId, body);
  }
}
