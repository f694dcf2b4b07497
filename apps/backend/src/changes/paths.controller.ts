import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { FoundPaths, PathsQuery } from '@saas-codex/contracts/diffs';
import { Id } from '@saas-codex/contracts/ids';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { ChangesService } from './changes.service.js';

@ApiTags('diffs')
@Controller('api/sessions/:session_id/paths')
export class PathsController {
  constructor(private readonly changes: ChangesService) {}

  @Get()
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'findPaths',
    summary: 'Find files of a session by a part of their path',
    description:
      'Best match first: in the name of the file, then in its path, then letters in that order. It knows the files as the last run left them, or those of a tree.',
  })
  @ApiProblems(
    'session_not_found',
    'session_not_ready',
    'session_failed',
    'workspace_unreadable',
    'workspace_removed',
    'tree_not_found',
  )
  @ApiResponse({ status: 200, standardSchema: FoundPaths })
  find(
    @Ctx() ctx: RequestContext,
    @Param('session_id', { schema: Id }) sessionId: string,
    @Query({ schema: PathsQuery }) query: PathsQuery,
  ): Promise<FoundPaths> {
    return this.changes.findPaths(ctx, sessionId, query);
  }
}
