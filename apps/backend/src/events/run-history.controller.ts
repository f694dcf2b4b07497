import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { RunHistory, RunHistoryQuery } from '@saas-codex/contracts/run-history';
import { readRunHistory } from '@saas-codex/event-log/run-log/run-history';
import type { Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission, ServesShareLinks } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { RunLogAccess } from './run-log-access.js';

/** A page of an ended run never changes. Only a cache of this one caller may keep it, for requests with the same credential. */
const FINAL = { 'cache-control': 'private, max-age=31536000, immutable', vary: 'Authorization, Cookie' };
const OPEN = { 'cache-control': 'private, no-store' };

@ApiTags('runs')
@Controller('api')
export class RunHistoryController {
  constructor(private readonly logs: RunLogAccess) {}

  @Get('runs/:run_id/history')
  @RequirePermission('events:read')
  @ServesShareLinks()
  @ApiOperation({
    operationId: 'readRunHistory',
    summary: "Read a run's events in pages, from its end",
    description:
      'Without `before`, the newest events; `before` of an answer leads to the page before it. Only durable events are listed. ' +
      'To continue live, stream the events after `last_event_id` of the newest page: nothing is lost or comes twice. Pages of ' +
      'ended runs may be cached for ever.',
  })
  @ApiProblems('run_not_found')
  @ApiResponse({ status: 200, standardSchema: RunHistory })
  async read(
    @Ctx() ctx: RequestContext,
    @Param('run_id', { schema: Id }) runId: string,
    @Query({ schema: RunHistoryQuery }) query: RunHistoryQuery,
    @Res() res: Response,
  ): Promise<void> {
    const { json, isFinal } = await readRunHistory(await this.logs.readerOf(ctx, runId), query);
    res
      .set(isFinal ? FINAL : OPEN)
      .type('json')
      .send(json);
  }
}
