import { Controller, Get, Header, Param, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  FileContent,
  FileQuery,
  Files,
  FileSearchQuery,
  FilesQuery,
  FoundLines,
} from '@saas-codex/contracts/files';
import { Id } from '@saas-codex/contracts/ids';
import { IMAGE_TYPES } from '@saas-codex/contracts/images';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { TREE_PROBLEMS } from './changes.controller.js';
import { FilesService } from './files.service.js';
import { downloadResponse, sendDownload } from './send-download.js';

const id = { schema: Id };
const BYTES = 'application/octet-stream';
const binary = { type: 'string', format: 'binary' } as const;
const PROBLEMS: ProblemCode[] = [...TREE_PROBLEMS, 'rate_limited'];

/** Not for readers of links: they see what changed, and not the whole repository. */
@ApiTags('diffs')
@Controller('api/sessions/:session_id/files')
export class FilesController {
  constructor(private readonly files: FilesService) {}

  @Get()
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'listFiles',
    summary: 'List the files of a folder, now or after a run',
    description: 'Without files that git ignores. Links are listed and never followed.',
  })
  @ApiProblems(...PROBLEMS, 'file_not_found', 'invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: Files })
  listFiles(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: FilesQuery }) query: FilesQuery,
  ): Promise<Files> {
    return this.files.list(ctx, sessionId, query);
  }

  @Get('content')
  @RequirePermission('diffs:read')
  @ApiOperation({ operationId: 'readFile', summary: 'Read the text of a file, now or after a run' })
  @ApiProblems(...PROBLEMS, 'file_not_found')
  @ApiResponse({ status: 200, standardSchema: FileContent })
  readFile(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: FileQuery }) query: FileQuery,
  ): Promise<FileContent> {
    return this.files.read(ctx, sessionId, query);
  }

  @Get('download')
  @RequirePermission('diffs:read')
  @ApiOperation({ operationId: 'downloadFile', summary: 'Download a file, as it is now or after a run' })
  @ApiProblems(...PROBLEMS, 'file_not_found', 'download_too_large')
  @ApiResponse(downloadResponse(BYTES))
  async downloadFile(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: FileQuery }) query: FileQuery,
    @Res({ passthrough: true }) res: Response,
  ): Promise<StreamableFile> {
    return sendDownload(res, await this.files.download(ctx, sessionId, query), BYTES);
  }

  /** Whatever it holds, a browser shows it as an image or not at all: no script of it runs, and no other site embeds it. */
  @Get('image')
  @RequirePermission('diffs:read')
  @Header('x-content-type-options', 'nosniff')
  @Header('content-security-policy', "sandbox; default-src 'none'")
  @Header('cross-origin-resource-policy', 'same-origin')
  @Header('cache-control', 'private, no-cache')
  @ApiOperation({
    operationId: 'readFileImage',
    summary: 'Show an image of the repository, as it is now or after a run',
    description: 'PNG, JPEG, WebP or GIF, without anything that is not needed to show it.',
  })
  @ApiProblems(...PROBLEMS, 'file_not_found', 'download_too_large', 'image_invalid')
  @ApiResponse({
    status: 200,
    description: 'The image',
    content: Object.fromEntries(IMAGE_TYPES.map((type) => [type, { schema: binary }])),
  })
  async readFileImage(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: FileQuery }) query: FileQuery,
  ): Promise<StreamableFile> {
    const { type, bytes } = await this.files.readImage(ctx, sessionId, query);
    return new StreamableFile(bytes, { type, length: bytes.length, disposition: 'inline' });
  }

  @Get('search')
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'searchFiles',
    summary: 'Find lines of a session’s files that contain a text',
    description: 'Of files that are text. `GET …/paths` finds files by their names.',
  })
  @ApiProblems(...PROBLEMS)
  @ApiResponse({ status: 200, standardSchema: FoundLines })
  searchFiles(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: FileSearchQuery }) query: FileSearchQuery,
  ): Promise<FoundLines> {
    return this.files.search(ctx, sessionId, query);
  }
}
