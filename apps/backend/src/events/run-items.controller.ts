import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import { RunItemPage } from '@saas-codex/contracts/runs';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission, ServesShareLinks } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { RunItems } from './run-items.js';

@ApiTags('runs')
@Controller('api')
export class RunItemsController {
  constructor(private readonly items: RunItems) {}

  @Get('runs/:run_id/items')
  @RequirePermission('events:read')
  @ServesShareLinks()
  @ApiOperation({
    operationId: 'listRunItems',
    summary: "List a run's items",
    description:
      'Messages, commands, file changes and so on, in the order in which they were completed. Items that are not complete ' +
      'come last, on the last page. A page may have fewer items than `limit` if they are large. While the run is open the ' +
      'list has what is there so far.',
  })
  @ApiProblems('run_not_found', 'invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: RunItemPage })
  list(
    @Ctx() ctx: RequestContext,
    @Param('run_id', { schema: Id }) runId: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ): Promise<RunItemPage> {
    return this.items.page(ctx, runId, query);
  }
}
