import { Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { Presence, PRESENCE_TIMEOUT_SECONDS } from '@saas-codex/contracts/presence';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx } from '../identity/request-context.js';
import { SessionPresence } from './session-presence.js';

const id = { schema: Id };

@ApiTags('sessions')
@Controller('api/sessions/:session_id/presence')
export class SessionPresenceController {
  constructor(private readonly presence: SessionPresence) {}

  @Get()
  @RequirePermission('sessions:read')
  @ApiOperation({ operationId: 'readPresence', summary: 'Read who watches a session now' })
  @ApiProblems('session_not_found')
  @ApiResponse({ status: 200, standardSchema: Presence })
  read(@Ctx() ctx: CallerContext, @Param('session_id', id) sessionId: string): Promise<Presence> {
    return this.presence.read(ctx, sessionId);
  }

  @Put()
  @RequirePermission('sessions:read')
  @ApiOperation({
    operationId: 'announcePresence',
    summary: 'Say that you watch a session',
    description:
      `It holds for ${PRESENCE_TIMEOUT_SECONDS} s: send it again before. The answer says who watches. When somebody comes or ` +
      'leaves, `GET /api/events` has the activity `session.presence`.',
  })
  @ApiProblems('session_not_found')
  @ApiResponse({ status: 200, standardSchema: Presence })
  announce(@Ctx() ctx: CallerContext, @Param('session_id', id) sessionId: string): Promise<Presence> {
    return this.presence.announce(ctx, sessionId);
  }

  @Delete()
  @HttpCode(204)
  @RequirePermission('sessions:read')
  @ApiOperation({ operationId: 'endPresence', summary: 'Say that you watch a session no longer' })
  @ApiProblems('session_not_found')
  @ApiResponse({ status: 204 })
  end(@Ctx() ctx: CallerContext, @Param('session_id', id) sessionId: string): Promise<void> {
    return this.presence.end(ctx, sessionId);
  }
}
