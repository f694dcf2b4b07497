import { Controller, Get, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { HEADERS } from '@saas-codex/contracts/http';
import { Id } from '@saas-codex/contracts/ids';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { BaseBranch, BaseUpdate } from '@saas-codex/contracts/updates';
import type { Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { RunsService } from '../runs/runs.service.js';
import { PREFER_WAIT, WAITED, whenEnded } from '../runs/wait-for-end.js';
import { UpdatesService } from './updates.service.js';

const id = { schema: Id };

const PROBLEMS: ProblemCode[] = [
  'session_not_found',
  'session_not_ready',
  'session_failed',
  'workspace_unreadable',
  'workspace_removed',
  'base_missing',
  'ref_not_found',
  'clone_auth_failed',
  'clone_failed',
  'clone_not_found',
  'clone_unreachable',
];

@ApiTags('edits')
@Controller('api/sessions/:session_id')
export class UpdatesController {
  constructor(
    private readonly updates: UpdatesService,
    private readonly runs: RunsService,
  ) {}

  @Get('base')
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'getBaseBranch',
    summary: 'See how far a session is behind its branch',
    description: 'Asks the host for the branch as it is now, with the git credential of whoever asks.',
  })
  @ApiProblems(...PROBLEMS)
  @ApiResponse({ status: 200, standardSchema: BaseBranch })
  look(@Ctx() ctx: RequestContext, @Param('session_id', id) sessionId: string): Promise<BaseBranch> {
    return this.updates.look(ctx, sessionId);
  }

  @Post('updates')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'updateFromBase',
    summary: 'Merge the branch as it is now',
    description:
      'Brings what the branch of the repository has got since the session began, or was last updated. It is a run of the kind `edit`. Where both have changed the same lines, the files get conflict markers, and a prompt asks Codex to resolve them. The session’s changes then begin at the branch as it is now, and the next commit has it as a parent.',
  })
  @ApiProblems(...PROBLEMS, 'session_archived', 'nothing_to_change', 'limit_reached')
  @ApiHeader(PREFER_WAIT)
  @ApiResponse({ status: 202, standardSchema: BaseUpdate, headers: WAITED })
  async update(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Res({ passthrough: true }) res: Response,
    @Headers(HEADERS.prefer) prefer?: string,
  ): Promise<BaseUpdate> {
    const update = await this.updates.update(ctx, sessionId);
    return { ...update, run: await whenEnded(this.runs, ctx, update.run, { res, prefer }) };
  }
}
