import { Controller, Get, Param, Query, Res, type StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Diff, DiffFileQuery, DiffPageQuery, FilePatch, PatchQuery } from '@saas-codex/contracts/diffs';
import { Id } from '@saas-codex/contracts/ids';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission, ServesShareLinks } from '../identity/permissions.js';
import { type CallerContext, Ctx, type RequestContext } from '../identity/request-context.js';
import { ChangesService } from './changes.service.js';
import { downloadResponse, sendDownload } from './send-download.js';

const id = { schema: Id };
const PATCH = 'text/x-patch';

/** Why there may be nothing to compare. */
export const TREE_PROBLEMS: ProblemCode[] = [
  'session_not_found',
  'session_not_ready',
  'session_failed',
  'workspace_unreadable',
  'workspace_removed',
  'run_not_found',
  'tree_not_found',
];

@ApiTags('diffs')
@Controller('api/sessions/:session_id')
export class ChangesController {
  constructor(private readonly changes: ChangesService) {}

  @Get('diff')
  @RequirePermission('diffs:read')
  @ServesShareLinks()
  @ApiOperation({
    operationId: 'readDiff',
    summary: 'List what a session, or some of its runs, changed',
    description:
      'By default from the start of the session to the current workspace. The diff starts before the run `from` and ends after the run `to`; each may also be a tree. A long list comes in pages: pass `next_cursor` as `cursor`, with the `from` and `to` of that answer.',
  })
  @ApiProblems(...TREE_PROBLEMS, 'invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: Diff })
  readDiff(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: DiffPageQuery }) query: DiffPageQuery,
  ): Promise<Diff> {
    return this.changes.readDiff(ctx, sessionId, query);
  }

  @Get('diff/file')
  @RequirePermission('diffs:read')
  @ServesShareLinks()
  @ApiOperation({
    operationId: 'readFilePatch',
    summary: 'Read the patch of one changed file',
    description:
      'Pass `from` and `to` of the diff that listed the file, so that the patch matches that list.',
  })
  @ApiProblems(...TREE_PROBLEMS, 'file_not_found')
  @ApiResponse({ status: 200, standardSchema: FilePatch })
  readFilePatch(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: DiffFileQuery }) query: DiffFileQuery,
  ): Promise<FilePatch> {
    return this.changes.readFilePatch(ctx, sessionId, query);
  }

  @Get('patch')
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'downloadPatch',
    summary: 'Download the changes as a patch that git can apply',
    description:
      'Of all files or of one, binary files included. By default it is a mail for `git am --keep-cr`, by the caller and with the title of the session as its subject. Without changes the answer is empty.',
  })
  @ApiProblems(...TREE_PROBLEMS, 'file_not_found', 'download_too_large', 'rate_limited')
  @ApiResponse(downloadResponse(PATCH))
  async downloadPatch(
    @Ctx() ctx: CallerContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: PatchQuery }) query: PatchQuery,
    @Res({ passthrough: true }) res: Response,
  ): Promise<StreamableFile> {
    return sendDownload(res, await this.changes.downloadPatch(ctx, sessionId, query), PATCH);
  }
}
