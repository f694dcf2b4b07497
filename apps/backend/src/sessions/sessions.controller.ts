import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { HEADERS } from '@saas-codex/contracts/http';
import { Id } from '@saas-codex/contracts/ids';
import {
  CreateSession,
  Session,
  SessionPage,
  SessionsQuery,
  UpdateSession,
} from '@saas-codex/contracts/sessions';
import type { Response } from 'express';
import { parsePrefer } from '../api/prefer.js';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission, ServesShareLinks } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { SessionsService } from './sessions.service.js';

const id = { schema: Id };
const IF_MATCH = {
  name: 'If-Match',
  required: false,
  description:
    'The `ETag` of the session as you read it. If it has changed since, nothing happens, and the answer is 412',
};

@ApiTags('sessions')
@Controller('api/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Post()
  @RequirePermission('sessions:write')
  @ApiOperation({
    operationId: 'createSession',
    summary: 'Start a session on a repository',
    description:
      'Waits until the session is set up, 30 s at most. If the clone fails meanwhile, the response is its problem.',
  })
  @ApiProblems(
    'repo_url_invalid',
    'repo_url_scheme',
    'repo_url_credentials',
    'repo_host_forbidden',
    'repo_host_unknown',
    'ref_invalid',
    'disk_quota_exceeded',
    'model_not_allowed',
    'approvals_unsupported',
    'secret_unknown',
    'clone_failed',
    'clone_auth_failed',
    'clone_host_key_changed',
    'clone_not_found',
    'clone_unreachable',
    'clone_timeout',
    'clone_too_large',
    'clone_redirected',
    'clone_rate_limited',
    'ref_not_found',
    'runner_unavailable',
  )
  @ApiHeader({ name: 'Prefer', required: false, description: '`respond-async`: respond at once' })
  @ApiResponse({ status: 201, standardSchema: Session })
  create(
    @Ctx() ctx: RequestContext,
    @Body({ schema: CreateSession }) body: CreateSession,
    @Res({ passthrough: true }) res: Response,
    @Headers(HEADERS.prefer) prefer?: string,
  ): Promise<Session> {
    const { respondAsync } = parsePrefer(prefer);
    if (respondAsync) res.setHeader(HEADERS.preferenceApplied, 'respond-async');
    return this.sessions.create(ctx, body, respondAsync);
  }

  @Get()
  @RequirePermission('sessions:read')
  @ApiOperation({ operationId: 'listSessions', summary: 'List sessions, most recent activity first' })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: SessionPage })
  list(
    @Ctx() ctx: RequestContext,
    @Query({ schema: SessionsQuery }) query: SessionsQuery,
  ): Promise<SessionPage> {
    return this.sessions.list(ctx, query);
  }

  @Get(':session_id')
  @RequirePermission('sessions:read')
  @ServesShareLinks()
  @ApiOperation({ operationId: 'readSession', summary: 'Read a session' })
  @ApiProblems('session_not_found')
  @ApiResponse({ status: 200, standardSchema: Session })
  read(@Ctx() ctx: RequestContext, @Param('session_id', id) sessionId: string): Promise<Session> {
    return this.sessions.read(ctx, sessionId);
  }

  @Patch(':session_id')
  @RequirePermission('sessions:write')
  @ApiOperation({
    operationId: 'updateSession',
    summary:
      'Rename, archive, unarchive or set up a session again, change its network, trust, approvals, secrets, setup script or visibility, resume its queue, or hand it over',
    description:
      'A new network, `trust_repository`, `approval_mode` and `secrets` apply to future runs. `POST …/setup` runs a new setup script. Without a script, prompts no longer wait. ' +
      'A session can be unarchived for as long as its files are kept. `status: provisioning` sets up a failed session again. `queue_held: false` starts the prompts that a stop has held.',
  })
  @ApiHeader(IF_MATCH)
  @ApiProblems(
    'session_not_found',
    'session_busy',
    'session_not_ready',
    'session_archived',
    'session_not_failed',
    'disk_quota_exceeded',
    'secret_unknown',
    'approvals_unsupported',
    'runner_unavailable',
    'workspace_removed',
    'precondition_failed',
    'member_not_found',
  )
  @ApiResponse({ status: 200, standardSchema: Session })
  update(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: UpdateSession }) body: UpdateSession,
    @Headers(HEADERS.ifMatch) ifMatch?: string,
  ): Promise<Session> {
    return this.sessions.update(ctx, sessionId, body, ifMatch);
  }

  @Delete(':session_id')
  @HttpCode(204)
  @RequirePermission('sessions:write')
  @ApiOperation({ operationId: 'deleteSession', summary: 'Delete a session with its workspace and runs' })
  @ApiHeader(IF_MATCH)
  @ApiProblems('session_not_found', 'precondition_failed')
  @ApiResponse({ status: 204, description: 'The session is deleted; its running run was cancelled' })
  remove(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Headers(HEADERS.ifMatch) ifMatch?: string,
  ): Promise<void> {
    return this.sessions.remove(ctx, sessionId, ifMatch);
  }
}
