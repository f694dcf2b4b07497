import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { ActivityHub, serveActivity } from '@saas-codex/event-log/activity/activity.hub';
import { RunLogHub, serveRunEvents } from '@saas-codex/event-log/run-log/run-log.hub';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Request, Response } from 'express';
import { RunArchive } from '../archive/run-archive.js';
import { ApiProblems } from '../api/problems.decorator.js';
import { RunStore } from '../runs/run-store.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';

const id = { schema: Id };
const AFTER = {
  name: 'after',
  required: false,
  description: 'Id of the last event that the client has',
  schema: { type: 'string' as const },
};
const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  required: false,
  description: 'The same as `after`, sent by browsers when they reconnect. It takes precedence over `after`',
};
const streamOf = (event: 'RunEvent' | 'Activity') => ({
  status: 200,
  description: 'Server-sent events whose `data` has this schema, with a `heartbeat` every 15 s',
  content: { 'text/event-stream': { schema: { $ref: `#/components/schemas/${event}` } } },
});

/** The two event streams. They write to the response themselves instead of returning an answer to Nest. */
@ApiTags('events')
@ApiQuery(AFTER)
@ApiHeader(LAST_EVENT_ID)
@Controller('api')
export class EventsController {
  constructor(
    private readonly runs: RunStore,
    private readonly runLogs: RunLogHub,
    private readonly archive: RunArchive,
    private readonly logs: RunLogs,
    private readonly activity: ActivityHub,
  ) {}

  @Get('runs/:run_id/events')
  @RequirePermission('events:read')
  @ApiOperation({
    operationId: 'streamRunEvents',
    summary: "Stream a run's events",
    description:
      'Starts after `Last-Event-ID` or `after`, or else with the first event, then continues live. `end` follows the last ' +
      'event. Durable events have the ids 1, 2, 3 …. Short-lived deltas after event n have the ids n-1, n-2 ….',
  })
  @ApiProblems('run_not_found', 'invalid_cursor')
  @ApiResponse(streamOf('RunEvent'))
  async run(
    @Ctx() ctx: RequestContext,
    @Param('run_id', id) runId: string,
    @Req() req: Request,
    @Res() res: Response,
  ): Promise<void> {
    const owner = await this.runs.require(ctx, runId);
    await serveRunEvents(this.runLogs, req, res, runId, {
      archive: this.archive.of(ctx, runId),
      refill: (seq) => this.logs.refillTo(owner, seq),
    });
  }

  @Get('events')
  @RequirePermission('events:read')
  @ApiOperation({
    operationId: 'streamActivity',
    summary: 'Stream changes of sessions and runs',
    description:
      'Starts after `Last-Event-ID` or `after`, or else with the next change. The stream never ends.',
  })
  @ApiProblems('invalid_cursor')
  @ApiResponse(streamOf('Activity'))
  all(@Ctx() ctx: RequestContext, @Req() req: Request, @Res() res: Response): Promise<void> {
    return serveActivity(this.activity, req, res, ctx.tenantId);
  }
}
