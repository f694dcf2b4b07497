import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { HEADERS } from '@saas-codex/contracts/http';
import { Id } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import {
  CancelRunQuery,
  PromptSession,
  Run,
  RunPage,
  RunsQuery,
  StartReview,
} from '@saas-codex/contracts/runs';
import type { Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission, ServesShareLinks } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { RunsService } from './runs.service.js';
import { PREFER_WAIT, WAITED, whenEnded } from './wait-for-end.js';
import { WarmStart } from './warm-start.js';

const id = { schema: Id };

@ApiTags('runs')
@Controller('api')
export class RunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly warmStart: WarmStart,
  ) {}

  @Post('sessions/:session_id/prompt')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'promptSession',
    summary: 'Queue a prompt',
    description:
      'A session runs its prompts one after the other. They are accepted while the session is still being set up, and wait for its setup script.',
  })
  @ApiProblems(
    'session_not_found',
    'session_failed',
    'session_archived',
    'model_not_allowed',
    'image_not_found',
    'too_many_images',
    'limit_reached',
  )
  @ApiHeader(PREFER_WAIT)
  @ApiResponse({ status: 202, standardSchema: Run, headers: WAITED })
  async prompt(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: PromptSession }) body: PromptSession,
    @Res({ passthrough: true }) res: Response,
    @Headers(HEADERS.prefer) prefer?: string,
  ): Promise<Run> {
    return whenEnded(this.runs, ctx, await this.runs.prompt(ctx, sessionId, body), { res, prefer });
  }

  @Post('sessions/:session_id/warm')
  @HttpCode(204)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'warmSession',
    summary: 'Prepare for the next prompt',
    description:
      'Say that a prompt is probably about to come: the agent is started ahead, so that it answers sooner. It is only a hint. ' +
      'Repeat it as often as you like, and send prompts without it if you like.',
  })
  @ApiProblems('session_not_found')
  @ApiResponse({ status: 204, description: 'The hint was taken, whether or not anything could be prepared' })
  warm(@Ctx() ctx: RequestContext, @Param('session_id', id) sessionId: string): Promise<void> {
    return this.warmStart.warmSession(ctx, sessionId);
  }

  @Post('sessions/:session_id/setup')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'runSetup',
    summary: 'Run the setup script again',
    description: 'Waiting prompts start once the script has succeeded or is removed.',
  })
  @ApiProblems(
    'session_not_found',
    'session_failed',
    'session_archived',
    'setup_missing',
    'setup_in_progress',
    'limit_reached',
  )
  @ApiResponse({ status: 202, standardSchema: Run })
  setup(@Ctx() ctx: RequestContext, @Param('session_id', id) sessionId: string): Promise<Run> {
    return this.runs.setup(ctx, sessionId);
  }

  @Post('sessions/:session_id/reviews')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'startReview',
    summary: 'Queue a code review',
    description:
      'Codex reads changes and reports mistakes as an item of the type `review`. It waits in the same queue as prompts.',
  })
  @ApiProblems(
    'session_not_found',
    'session_failed',
    'session_archived',
    'model_not_allowed',
    'base_missing',
    'review_cannot_ask',
    'not_supported_by_engine',
    'limit_reached',
  )
  @ApiResponse({ status: 202, standardSchema: Run })
  review(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: StartReview }) body: StartReview,
  ): Promise<Run> {
    return this.runs.review(ctx, sessionId, body);
  }

  @Post('sessions/:session_id/compact')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'compactSession',
    summary: 'Queue a compaction of the conversation',
    description:
      'Codex replaces its conversation by a summary, which takes less of its context. Waits in the same queue as prompts.',
  })
  @ApiProblems(
    'session_not_found',
    'session_failed',
    'session_archived',
    'model_not_allowed',
    'nothing_to_compact',
    'not_supported_by_engine',
    'limit_reached',
  )
  @ApiResponse({ status: 202, standardSchema: Run })
  compact(@Ctx() ctx: RequestContext, @Param('session_id', id) sessionId: string): Promise<Run> {
    return this.runs.compact(ctx, sessionId);
  }

  @Get('sessions/:session_id/runs')
  @RequirePermission('runs:read')
  @ServesShareLinks()
  @ApiOperation({ operationId: 'listRuns', summary: "List a session's runs, newest first" })
  @ApiProblems('session_not_found', 'invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: RunPage })
  list(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ): Promise<RunPage> {
    return this.runs.list(ctx, sessionId, query);
  }

  @Get('runs')
  @RequirePermission('runs:read')
  @ApiOperation({ operationId: 'listAllRuns', summary: 'List the runs of all sessions, newest first' })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: RunPage })
  listAll(@Ctx() ctx: RequestContext, @Query({ schema: RunsQuery }) query: RunsQuery): Promise<RunPage> {
    return this.runs.listAll(ctx, query);
  }

  @Get('runs/:run_id')
  @RequirePermission('runs:read')
  @ServesShareLinks()
  @ApiOperation({ operationId: 'readRun', summary: 'Read a run' })
  @ApiProblems('run_not_found')
  @ApiResponse({ status: 200, standardSchema: Run })
  read(@Ctx() ctx: RequestContext, @Param('run_id', id) runId: string): Promise<Run> {
    return this.runs.read(ctx, runId);
  }

  @Post('runs/:run_id/cancel')
  @HttpCode(202)
  @RequirePermission('runs:cancel')
  @ApiOperation({
    operationId: 'cancelRun',
    summary: 'Cancel a run',
    description:
      'A run that has not started is cancelled in the response. A running one ends soon after, as its events show. ' +
      'Cancelling a running prompt holds the prompts queued behind it until `PATCH /api/sessions/{session_id}` with ' +
      '`queue_held: false`. A prompt sent meanwhile runs at once.',
  })
  @ApiProblems('run_not_found', 'run_ended', 'run_not_queued')
  @ApiResponse({ status: 202, standardSchema: Run })
  cancel(
    @Ctx() ctx: RequestContext,
    @Param('run_id', id) runId: string,
    @Query({ schema: CancelRunQuery }) query: CancelRunQuery,
  ): Promise<Run> {
    return this.runs.cancel(ctx, runId, query);
  }
}
