import { Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { SessionRead } from '@saas-codex/contracts/needs-you';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx } from '../identity/request-context.js';
import { SessionReads } from './session-reads.js';
import { SessionStore } from './session-store.js';

const id = { schema: Id };

@ApiTags('sessions')
@Controller('api/sessions/:session_id/read')
export class SessionReadsController {
  constructor(
    private readonly sessions: SessionStore,
    private readonly reads: SessionReads,
  ) {}

  @Get()
  @RequirePermission('sessions:read')
  @ApiOperation({ operationId: 'readReadState', summary: 'Read how far you have read a session' })
  @ApiProblems('session_not_found')
  @ApiResponse({ status: 200, standardSchema: SessionRead })
  read(@Ctx() ctx: CallerContext, @Param('session_id', id) sessionId: string): Promise<SessionRead> {
    return this.sessions.lastRead(ctx, sessionId);
  }

  @Put()
  @RequirePermission('sessions:read')
  @ApiOperation({
    operationId: 'markSessionRead',
    summary: 'Say that you have read a session',
    description:
      'What has happened in it until now is no longer unread, for you alone and on all your devices. A failure that you are ' +
      'concerned with no longer waits for anybody (`needs_you`). `GET /api/events` has the activity `session.read`, for you alone. ' +
      'Only people read sessions: a service account cannot do this.',
  })
  @ApiProblems('session_not_found', 'person_required')
  @ApiResponse({ status: 200, standardSchema: SessionRead })
  markRead(@Ctx() ctx: CallerContext, @Param('session_id', id) sessionId: string): Promise<SessionRead> {
    return this.sessions.change(ctx, sessionId, (tx, session) => this.reads.markRead(tx, ctx, session));
  }

  @Delete()
  @HttpCode(204)
  @RequirePermission('sessions:read')
  @ApiOperation({
    operationId: 'markSessionUnread',
    summary: 'Mark a session as unread',
    description: 'Its latest news are unread again, for you alone.',
  })
  @ApiProblems('session_not_found', 'person_required')
  @ApiResponse({ status: 204 })
  markUnread(@Ctx() ctx: CallerContext, @Param('session_id', id) sessionId: string): Promise<void> {
    return this.sessions.change(ctx, sessionId, (tx, session) => this.reads.markUnread(tx, ctx, session));
  }
}
