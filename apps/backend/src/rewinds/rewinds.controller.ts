import { Body, Controller, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { HEADERS } from '@saas-codex/contracts/http';
import { Id } from '@saas-codex/contracts/ids';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { ForkSession, RewindSession } from '@saas-codex/contracts/rewinds';
import { Session } from '@saas-codex/contracts/sessions';
import type { Response } from 'express';
import { parsePrefer } from '../api/prefer.js';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx, type RequestContext } from '../identity/request-context.js';
import { ForksService } from './forks.service.js';
import { RewindsService } from './rewinds.service.js';

const id = { schema: Id };
const PREFER = { name: HEADERS.prefer, required: false, description: '`respond-async`: respond at once' };

/** Why the session has no other state to go to. */
const PROBLEMS: ProblemCode[] = [
  'session_not_found',
  'session_busy',
  'session_not_ready',
  'session_failed',
  'session_archived',
  'workspace_removed',
];

@ApiTags('sessions')
@Controller('api/sessions/:session_id')
export class RewindsController {
  constructor(
    private readonly rewinds: RewindsService,
    private readonly forks: ForksService,
  ) {}

  @Post('rewind')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'rewindSession',
    summary: 'Go back to before a run',
    description:
      'Files and conversation are then as they were before the run, both or neither. Ignored files stay. It waits until that is done, 15 s at most; `rewind` of the session says how it stands. Prompts that wait are held. Until the next run starts, `POST …/rewind/undo` undoes it.',
  })
  @ApiHeader(PREFER)
  @ApiProblems(...PROBLEMS, 'run_not_found', 'not_rewindable')
  @ApiResponse({ status: 202, standardSchema: Session })
  rewind(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: RewindSession }) body: RewindSession,
    @Res({ passthrough: true }) res: Response,
    @Headers(HEADERS.prefer) prefer?: string,
  ): Promise<Session> {
    return this.rewinds.rewind(ctx, sessionId, body, respondAsync(res, prefer));
  }

  @Post('rewind/undo')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'undoRewind',
    summary: 'Undo going back',
    description: 'Files and conversation are then as they were before `POST …/rewind`.',
  })
  @ApiHeader(PREFER)
  @ApiProblems(...PROBLEMS, 'nothing_to_undo', 'not_rewindable')
  @ApiResponse({ status: 202, standardSchema: Session })
  undo(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Res({ passthrough: true }) res: Response,
    @Headers(HEADERS.prefer) prefer?: string,
  ): Promise<Session> {
    return this.rewinds.undo(ctx, sessionId, respondAsync(res, prefer));
  }

  @Post('fork')
  @RequirePermission('sessions:write')
  @ApiOperation({
    operationId: 'forkSession',
    summary: 'Start a session from how another one was after a run',
    description:
      'It has the files and the conversation of then, and the visibility, model, network, trust, secrets and setup script of now, which runs first. What the agent committed is there as changes. Ignored files are not copied. The answer does not wait until the session is set up.',
  })
  @ApiProblems(
    ...PROBLEMS,
    'run_not_found',
    'not_rewindable',
    'disk_quota_exceeded',
    'model_not_allowed',
    'secret_unknown',
    'limit_reached',
    'forbidden',
  )
  @ApiResponse({ status: 201, standardSchema: Session })
  fork(
    @Ctx() ctx: CallerContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: ForkSession }) body: ForkSession,
  ): Promise<Session> {
    return this.forks.fork(ctx, sessionId, body);
  }
}

function respondAsync(res: Response, prefer: string | undefined): boolean {
  const { respondAsync: isAsked } = parsePrefer(prefer);
  if (isAsked) res.setHeader(HEADERS.preferenceApplied, 'respond-async');
  return isAsked;
}
