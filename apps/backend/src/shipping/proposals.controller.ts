import { Body, Controller, Get, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { HEADERS } from '@saas-codex/contracts/http';
import { Id } from '@saas-codex/contracts/ids';
import { Run } from '@saas-codex/contracts/runs';
import { CommitProposal, ProposeCommitMessage } from '@saas-codex/contracts/shipping';
import type { Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { RunsService } from '../runs/runs.service.js';
import { PREFER_WAIT, WAITED, whenEnded } from '../runs/wait-for-end.js';
import { ProposalsService } from './proposals.service.js';

const id = { schema: Id };

@ApiTags('shipping')
@Controller('api/sessions/:session_id/commits/proposals')
export class ProposalsController {
  constructor(
    private readonly proposals: ProposalsService,
    private readonly runs: RunsService,
  ) {}

  @Post()
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'proposeCommitMessage',
    summary: 'Have Codex propose a commit message',
    description:
      'For what a commit would hold now. It is a run of the kind `proposal`, with the events, the limits and the costs of any run. Codex is told what has changed, and answers in a conversation of its own: neither the files nor the conversation of the session change. Nothing is committed. Read the proposal when the run has ended.',
  })
  @ApiProblems(
    'session_not_found',
    'session_not_ready',
    'session_failed',
    'session_archived',
    'session_busy',
    'workspace_unreadable',
    'workspace_removed',
    'files_changed',
    'nothing_to_commit',
    'model_not_allowed',
    'limit_reached',
  )
  @ApiHeader(PREFER_WAIT)
  @ApiResponse({ status: 202, standardSchema: Run, headers: WAITED })
  async create(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: ProposeCommitMessage }) body: ProposeCommitMessage,
    @Res({ passthrough: true }) res: Response,
    @Headers(HEADERS.prefer) prefer?: string,
  ): Promise<Run> {
    return whenEnded(this.runs, ctx, await this.proposals.create(ctx, sessionId, body), { res, prefer });
  }

  @Get(':run_id')
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'readCommitProposal',
    summary: 'Read a proposed commit message',
    description:
      'Trailers, such as who has signed it, and characters that cannot be seen are taken out. It is a text that Codex has written from the contents of the repository: read it before you use it.',
  })
  @ApiProblems('session_not_found', 'run_not_found')
  @ApiResponse({ status: 200, standardSchema: CommitProposal })
  read(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Param('run_id', id) runId: string,
  ): Promise<CommitProposal> {
    return this.proposals.read(ctx, sessionId, runId);
  }
}
