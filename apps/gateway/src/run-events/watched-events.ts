import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { Injectable, type NestMiddleware } from '@nestjs/common';
import { toWireId } from '@saas-codex/contracts/event-ids';
import { HEADERS } from '@saas-codex/contracts/http';
import { readJson } from '@saas-codex/contracts/open-reading';
import { isProblemCode, Problem } from '@saas-codex/contracts/problems';
import type { WatchedRun } from '@saas-codex/contracts/watched-runs';
import { openEventStream } from '@saas-codex/event-log/sse/event-stream';
import type { Feed } from '@saas-codex/event-log/sse/feed';
import { StreamPlaces } from '@saas-codex/event-log/sse/stream-places';
import { watchedRunsOf, watchRuns } from '@saas-codex/event-log/sse/watched-runs';
import { requestLog } from '@saas-codex/service-kit/logging';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { NextFunction, Request, Response } from 'express';
import { BackendClient } from '../proxy/backend-client.js';
import { tenantOf, upstreamHeaders } from '../proxy/headers.js';
import { ActivityPipe } from './activity-pipe.js';
import { Permissions } from './permissions.js';
import { RunFeeds } from './run-feeds.js';

const PATH = '/api/events';
/** Longer than the interval of the backend's heartbeats. After that, the backend counts as lost. */
const SILENCE_TIMEOUT_MS = 45_000;

/*
 * Serves `GET /api/events?runs=…`: a tenant's activities and several runs in one answer.
 *
 *     client ◄─── one connection ◄─┬─ activities: a stream of the backend for this client
 *                                  ├─ run A: the feed that all its clients share ◄── HEAD: may this client see it?
 *                                  └─ run B: …
 */
@Injectable()
export class WatchedEvents implements NestMiddleware {
  constructor(
    private readonly backend: BackendClient,
    private readonly permissions: Permissions,
    private readonly feeds: RunFeeds,
    private readonly places: StreamPlaces,
  ) {}

  /**
   * Everything that cannot be served here goes to the proxy, so that the backend itself explains why.
   * @throws ProblemError too_many_streams
   */
  async use(req: Request, res: Response, next: NextFunction): Promise<void> {
    const runs = runsOf(req);
    if (runs.length === 0) return next();
    const activity = await this.openActivity(req).catch((error: unknown) => {
      requestLog(req)?.warn({ err: error }, 'no activity stream');
      return null;
    });
    if (!activity) return res.destroyed ? undefined : next();
    const cookies = activity.headers['set-cookie'];
    if (cookies && !res.destroyed) res.setHeader('set-cookie', cookies);
    try {
      this.places.take(tenantOf(activity), res);
    } catch (error) {
      activity.destroy();
      throw error;
    }
    const connection = openEventStream(req, res);
    if (!connection) return void activity.destroy();
    ActivityPipe.connect(activity, connection);
    this.permissions.endWhenRevoked(req, res);
    await watchRuns(connection, runs, (run) => this.openRun(req, run));
  }

  /** @returns null when the backend refuses */
  private async openActivity(req: Request): Promise<IncomingMessage | null> {
    const after = new URLSearchParams(req.originalUrl.split('?')[1]).get('after');
    const path = after ? `${PATH}?${new URLSearchParams({ after }).toString()}` : PATH;
    const headers = { ...upstreamHeaders(req), 'accept-encoding': 'identity' };
    const response = await this.backend.sendOwnRequest({ method: 'GET', path, headers });
    response.on('error', () => undefined);
    response.setTimeout(SILENCE_TIMEOUT_MS, () => response.destroy());
    if (response.statusCode === 200) return response;
    response.destroy();
    return null;
  }

  /** @throws ProblemError as the backend refuses the run; upstream_unavailable when no backend answers */
  private async openRun(req: Request, { runId, after }: WatchedRun): Promise<Feed> {
    const path = `/api/runs/${runId}/events?after=${toWireId(after)}`;
    const { [HEADERS.lastEventId]: _, ...headers } = upstreamHeaders(req);
    try {
      if (await this.permissions.isPermitted(req, { path, headers }))
        return await this.feeds.getFeed(runId, headers);
      throw await this.refusal(path, headers);
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      requestLog(req)?.warn({ err: error }, 'no stream of a watched run');
      throw unavailable();
    }
  }

  /** Asks again for the reason, which the answer to a HEAD request does not have. */
  private async refusal(path: string, headers: OutgoingHttpHeaders): Promise<ProblemError> {
    const response = await this.backend.sendOwnRequest({
      method: 'GET',
      path,
      headers: { ...headers, 'accept-encoding': 'identity' },
    });
    if (response.statusCode === 200) {
      response.destroy();
      return unavailable();
    }
    const problem = readJson(Problem, await text(response));
    return problem && isProblemCode(problem.code)
      ? new ProblemError(problem.code, problem.detail)
      : unavailable();
  }
}

const unavailable = () =>
  new ProblemError('upstream_unavailable', 'The backend does not respond. Connect again.');

/** The runs of a request for several; empty for every other request, and for one that the backend refuses. */
function runsOf(req: Request): WatchedRun[] {
  const { method, originalUrl, headers } = req;
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  if (method !== 'GET' || hasBody || originalUrl.split('?')[0] !== PATH) return [];
  try {
    return watchedRunsOf({ url: originalUrl });
  } catch {
    return [];
  }
}
