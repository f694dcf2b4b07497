import { Body, Controller, Headers, HttpCode, Param, Post, Put, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApplyPatch, RevertChanges, WriteFile } from '@saas-codex/contracts/edits';
import { HEADERS } from '@saas-codex/contracts/http';
import { Id } from '@saas-codex/contracts/ids';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { Run } from '@saas-codex/contracts/runs';
import type { Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { RunsService } from '../runs/runs.service.js';
import { PREFER_WAIT, WAITED, whenEnded } from '../runs/wait-for-end.js';
import { EditsService } from './edits.service.js';

const id = { schema: Id };

const PROBLEMS: ProblemCode[] = [
  'session_not_found',
  'session_not_ready',
  'session_failed',
  'session_archived',
  'workspace_unreadable',
  'workspace_removed',
  'edit_conflict',
  'nothing_to_change',
  'limit_reached',
];
const HOW =
  'It is a run of the kind `edit`, which starts when the run that works has ended, and before all prompts that wait. Files that were changed elsewhere since stay as they are. It changes all or nothing, and Codex learns of it with the next prompt.';

@ApiTags('edits')
@Controller('api/sessions/:session_id')
export class EditsController {
  constructor(
    private readonly edits: EditsService,
    private readonly runs: RunsService,
  ) {}

  @Post('reverts')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'revertChanges',
    summary: 'Take changes back',
    description: `All changes of a diff, those of a run, of a file, or of some lines. ${HOW} To undo it, revert its run.`,
  })
  @ApiProblems(...PROBLEMS, 'run_not_found', 'tree_not_found', 'file_not_found', 'hunk_not_found')
  @ApiHeader(PREFER_WAIT)
  @ApiResponse({ status: 202, standardSchema: Run, headers: WAITED })
  async revert(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: RevertChanges }) body: RevertChanges,
    @Res({ passthrough: true }) res: Response,
    @Headers(HEADERS.prefer) prefer?: string,
  ): Promise<Run> {
    return whenEnded(this.runs, ctx, await this.edits.revert(ctx, sessionId, body), { res, prefer });
  }

  @Post('patches')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'applyPatch',
    summary: 'Apply a patch',
    description: `Three-way, where the patch names what it starts from. ${HOW} To undo it, revert its run.`,
  })
  @ApiProblems(...PROBLEMS, 'patch_invalid')
  @ApiHeader(PREFER_WAIT)
  @ApiResponse({ status: 202, standardSchema: Run, headers: WAITED })
  async applyPatch(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: ApplyPatch }) body: ApplyPatch,
    @Res({ passthrough: true }) res: Response,
    @Headers(HEADERS.prefer) prefer?: string,
  ): Promise<Run> {
    return whenEnded(this.runs, ctx, await this.edits.applyPatch(ctx, sessionId, body), { res, prefer });
  }

  @Put('files')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'writeFile',
    summary: 'Write a file',
    description: `Replaces, makes or removes one file. ${HOW} To undo it, revert its run.`,
  })
  @ApiProblems(...PROBLEMS, 'tree_not_found')
  @ApiHeader(PREFER_WAIT)
  @ApiResponse({ status: 202, standardSchema: Run, headers: WAITED })
  async writeFile(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: WriteFile }) body: WriteFile,
    @Res({ passthrough: true }) res: Response,
    @Headers(HEADERS.prefer) prefer?: string,
  ): Promise<Run> {
    return whenEnded(this.runs, ctx, await this.edits.writeFile(ctx, sessionId, body), { res, prefer });
  }
}
