import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { HEADERS } from '@saas-codex/contracts/http';
import { Id } from '@saas-codex/contracts/ids';
import { MAX_WATCHED_RUNS } from '@saas-codex/contracts/watched-runs';
import { ActivityHub, serveActivity } from '@saas-codex/event-log/activity/activity.hub';
import { RunLogHub, serveRunEvents } from '@saas-codex/event-log/run-log/run-log.hub';
import { StreamPlaces } from '@saas-codex/event-log/sse/stream-places';
import { watchedRunsOf, watchRuns } from '@saas-codex/event-log/sse/watched-runs';
import type { Request, Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx, type RequestContext } from '../identity/request-context.js';
import { RunLogAccess } from './run-log-access.js';

const id = { schema: Id };
const AFTER = {
  name: 'after',
  required: false,
  description: 'Id of the last event that the client has',
  schema: { type: 'string' as const },
};
const RUNS = {
  name: 'runs',
  required: false,
  description:
    `Up to ${MAX_WATCHED_RUNS} runs to watch, separated by commas: \`run_id\` from its first event, or \`run_id@7\` ` +
    '(or `run_id@7-3`) from after this event',
  schema: { type: 'string' as const },
};
const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  required: false,
  description: 'The same as `after`, sent by browsers when they reconnect. It takes precedence over `after`',
};
const streamOf = (...events: string[]) => {
  const schemas = events.map((event) => ({ $ref: `#/components/schemas/${event}` }));
  return {
    status: 200,
    description: 'Server-sent events whose `data` has this schema, with a `heartbeat` every 15 s',
    content: { 'text/event-stream': { schema: schemas.length > 1 ? { anyOf: schemas } : schemas[0] } },
  };
};

/** The two event streams. They write to the response themselves instead of returning an answer to Nest. */
@ApiTags('events')
@ApiQuery(AFTER)
@ApiHeader(LAST_EVENT_ID)
@Controller('api')
export class EventsController {
  constructor(
    private readonly runLogs: RunLogHub,
    private readonly logs: RunLogAccess,
    private readonly activity: ActivityHub,
    private readonly places: StreamPlaces,
  ) {}

  @Get('runs/:run_id/events')
  @RequirePermission('events:read')
  @ApiOperation({
    operationId: 'streamRunEvents',
    summary: "Stream a run's events",
    description:
      'Starts after `Last-Event-ID` or `after`, or else with the first event, then continues live. `end` follows the last ' +
      'event. Durable events have the ids 1, 2, 3 …. Short-lived deltas after event n have the ids n-1, n-2 …. Events are named: ' +
      'an EventSource needs a listener for each type, `error` included, which its connection errors share.',
  })
  @ApiProblems('run_not_found', 'invalid_cursor', 'too_many_streams')
  @ApiResponse(streamOf('RunEvent'))
  @ApiResponse({ status: 204, description: 'The run has ended, and this reader has its last event' })
  async run(
    @Ctx() ctx: RequestContext,
    @Param('run_id', id) runId: string,
    @Req() req: Request,
    @Res() res: Response,
  ): Promise<void> {
    const sources = await this.logs.sourcesOf(ctx, runId);
    this.takePlace(ctx, req, res);
    await serveRunEvents(this.runLogs, req, res, runId, sources);
  }

  @Get('events')
  @RequirePermission('events:read')
  @ApiOperation({
    operationId: 'streamActivity',
    summary: 'Stream changes of sessions and runs',
    description:
      'Starts after `Last-Event-ID` or `after`, or else with the next change. The stream never ends.\n\n' +
      'With `runs` it also has the events of these runs. Only activities have an `id`. The others are `run` (WatchedRunEvent), ' +
      '`run.end` (WatchedRunEnd) after the last event of a run, and `run.error` (WatchedRunError) for a run that cannot be ' +
      'watched. To watch other runs, connect again with another list.',
  })
  @ApiQuery(RUNS)
  @ApiProblems('invalid_cursor', 'invalid_request', 'too_many_streams')
  @ApiResponse(streamOf('Activity', 'WatchedRunEvent', 'WatchedRunEnd', 'WatchedRunError'))
  async all(@Ctx() ctx: CallerContext, @Req() req: Request, @Res() res: Response): Promise<void> {
    const runs = watchedRunsOf(req);
    this.takePlace(ctx, req, res);
    const connection = await serveActivity(this.activity, req, res, ctx);
    if (!connection) return;
    await watchRuns(connection, runs, async ({ runId, after }) =>
      this.runLogs.openFeed(runId, after, await this.logs.sourcesOf(ctx, runId)),
    );
  }

  /** @throws ProblemError too_many_streams */
  private takePlace({ tenantId }: RequestContext, req: Request, res: Response): void {
    res.setHeader(HEADERS.tenantId, tenantId);
    if (req.method !== 'HEAD') this.places.take(tenantId, res);
  }
}
