import { Controller, Delete, Get, HttpCode, Param, Query, Res, type StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Home } from '@saas-codex/contracts/home';
import { Id } from '@saas-codex/contracts/ids';
import {
  IgnoredArchiveQuery,
  IgnoredFileQuery,
  IgnoredFiles,
  IgnoredFilesQuery,
} from '@saas-codex/contracts/ignored-files';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { LeftoversService } from './leftovers.service.js';
import { downloadResponse, sendDownload } from './send-download.js';

const id = { schema: Id };

/** Why there may be nothing to read. */
const FILE_PROBLEMS: ProblemCode[] = [
  'session_not_found',
  'session_not_ready',
  'session_failed',
  'workspace_unreadable',
  'workspace_removed',
];
const BYTES = 'application/octet-stream';
const ZIP = 'application/zip';

@ApiTags('diffs')
@Controller('api/sessions/:session_id')
export class LeftoversController {
  constructor(private readonly leftovers: LeftoversService) {}

  @Get('ignored-files')
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'listIgnoredFiles',
    summary: 'List the files that git ignores, which no diff shows',
    description:
      'As they are now. Without `folder` the answer lists files and whole folders that are ignored; with it, what is in that folder.',
  })
  @ApiProblems(...FILE_PROBLEMS, 'ignored_file_not_found')
  @ApiResponse({ status: 200, standardSchema: IgnoredFiles })
  listIgnoredFiles(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: IgnoredFilesQuery }) query: IgnoredFilesQuery,
  ): Promise<IgnoredFiles> {
    return this.leftovers.listIgnored(ctx, sessionId, query);
  }

  @Get('ignored-files/file')
  @RequirePermission('diffs:read')
  @ApiOperation({ operationId: 'downloadIgnoredFile', summary: 'Download a file that git ignores' })
  @ApiProblems(...FILE_PROBLEMS, 'ignored_file_not_found', 'download_too_large')
  @ApiResponse(downloadResponse(BYTES))
  async downloadIgnoredFile(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: IgnoredFileQuery }) { path }: IgnoredFileQuery,
    @Res({ passthrough: true }) res: Response,
  ): Promise<StreamableFile> {
    return sendDownload(res, await this.leftovers.downloadIgnored(ctx, sessionId, path), BYTES);
  }

  @Get('ignored-files/archive')
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'downloadIgnoredFiles',
    summary: 'Download the files that git ignores as a zip archive',
    description:
      'Without links, pipes, sockets and `.git` folders. Names are changed where a system could misread them.',
  })
  @ApiProblems(...FILE_PROBLEMS, 'ignored_file_not_found', 'download_too_large')
  @ApiResponse(downloadResponse(ZIP))
  async downloadIgnoredFiles(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: IgnoredArchiveQuery }) { folder }: IgnoredArchiveQuery,
    @Res({ passthrough: true }) res: Response,
  ): Promise<StreamableFile> {
    return sendDownload(res, await this.leftovers.archiveIgnored(ctx, sessionId, folder), ZIP);
  }

  @Get('home')
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'readHome',
    summary: 'List what setup scripts and agents left in their HOME',
    description: 'HOME has two layers: agents work in a copy of what setup scripts left.',
  })
  @ApiProblems(...FILE_PROBLEMS)
  @ApiResponse({ status: 200, standardSchema: Home })
  readHome(@Ctx() ctx: RequestContext, @Param('session_id', id) sessionId: string): Promise<Home> {
    return this.leftovers.readHome(ctx, sessionId);
  }

  @Delete('home')
  @HttpCode(204)
  @RequirePermission('sessions:write')
  @ApiOperation({
    operationId: 'resetHome',
    summary: 'Discard what agents changed in their HOME',
    description: 'The next prompt starts with a new copy of what setup scripts left. Not while a run works.',
  })
  @ApiProblems(...FILE_PROBLEMS, 'session_busy')
  @ApiResponse({ status: 204, description: 'Agents find the HOME of the setup again' })
  resetHome(@Ctx() ctx: RequestContext, @Param('session_id', id) sessionId: string): Promise<void> {
    return this.leftovers.resetHome(ctx, sessionId);
  }
}
