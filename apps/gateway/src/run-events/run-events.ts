import { Injectable, type NestMiddleware } from '@nestjs/common';
import { BEFORE_FIRST_EVENT } from '@saas-codex/contracts/event-ids';
import { HEADERS } from '@saas-codex/contracts/http';
import { requestLog } from '@saas-codex/service-kit/logging';
import { cursorOf, openEventStream } from '@saas-codex/event-log/sse/event-stream';
import type { Feed } from '@saas-codex/event-log/sse/feed';
import { WHOLE_FEED } from '@saas-codex/event-log/sse/feed-client';
import { StreamPlaces } from '@saas-codex/event-log/sse/stream-places';
import type { NextFunction, Request, Response } from 'express';
import { upstreamHeaders } from '../proxy/headers.js';
import { type Permission, Permissions } from './permissions.js';
import { RunFeeds } from './run-feeds.js';

const PATH = /^\/api\/runs\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/events(?:\?|$)/;

/*
 * Serves the events of a run to any number of clients from one stream of the backend.
 *
 *     first client ──GET with its headers──► backend: permitted? ──no──► the proxy, so that the backend itself explains
 *     others ───────HEAD with their headers──►           │ yes
 *     all clients ◄──── wire bytes ──── Feed ◄───────────┘ the answer of that one GET
 *
 * The backend uses the same feed (libs/event-log, sse): a window of wire bytes, in which each client has a position.
 */
@Injectable()
export class RunEvents implements NestMiddleware {
  constructor(
    private readonly permissions: Permissions,
    private readonly feeds: RunFeeds,
    private readonly places: StreamPlaces,
  ) {}

  /** @throws ProblemError too_many_streams */
  async use(req: Request, res: Response, next: NextFunction): Promise<void> {
    const runId = runOf(req);
    const watched =
      runId && (await this.findFeed(runId, req).catch((error: unknown) => leaveToProxy(req, error)));
    if (res.destroyed) return;
    if (!watched) return next();
    const { feed, permission } = watched;
    if (permission.cookies.length > 0) res.setHeader('set-cookie', permission.cookies);
    this.places.take(permission.tenantId, res);
    const connection = openEventStream(req, res);
    if (!connection) return;
    this.permissions.endWhenRevoked(req, res);
    feed.attach(connection, cursorOf(req) ?? BEFORE_FIRST_EVENT, WHOLE_FEED);
  }

  /**
   * @returns null when the backend refuses
   * @throws Error when no backend responds, or this process is stopping
   */
  private async findFeed(
    runId: string,
    req: Request,
  ): Promise<{ feed: Feed; permission: Permission } | null> {
    const headers = upstreamHeaders(req);
    const opened = hasCursor(req) ? null : await this.feeds.openFor(runId, headers);
    if (opened) return opened;
    const permission = await this.permissions.checkPermission(req);
    return permission && { feed: await this.feeds.getFeed(runId, headers), permission };
  }
}

/** Whether the log reaches as far as a client's cursor is for the backend to say, in its answer to a HEAD. */
const hasCursor = ({ headers, originalUrl }: Request): boolean =>
  Boolean(headers[HEADERS.lastEventId]) || originalUrl.includes('?');

/** The proxy handles the request instead. It meets and reports the same problem, or the request succeeds after all. */
function leaveToProxy(req: Request, err: unknown): null {
  requestLog(req)?.warn({ err }, 'no shared stream for the run: the client gets its own');
  return null;
}

/** Returns the run whose events are requested; undefined for every other request, which goes to the proxy. */
function runOf({ method, originalUrl, headers }: Request): string | undefined {
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  return method === 'GET' && !hasBody ? PATH.exec(originalUrl)?.[1] : undefined;
}
