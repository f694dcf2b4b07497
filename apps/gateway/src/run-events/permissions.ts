import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Request, Response } from 'express';
import pLimit from 'p-limit';
import { BackendClient } from '../proxy/backend-client.js';
import { tenantOf, upstreamHeaders } from '../proxy/headers.js';

const TICK_MS = 1_000;
/** How long a permission counts before it is checked again. */
const VALID_TICKS = 3;
/**
 * Maximum checks per tick, so that clients that connected together are not all checked together. With up to 800 credentials that
 * have open streams, each is checked within 5 s.
 */
const CHECKS_PER_TICK = 200;
/** Maximum concurrent requests to check permissions. It keeps a backend busy without a connection for every waiting client. */
const MAX_CHECKS = 32;
/** A check that takes longer is slow for another reason than a busy backend, so it gives up its slot. */
const SLOT_MS = 250;

/** What the backend says of a client that may watch the stream which it requested. */
export interface Permission {
  /** `set-cookie` headers of the backend, which may have renewed the client's cookie. */
  cookies: string[];
  /** Whose stream it is; undefined: a backend of an earlier version does not say it. */
  tenantId: string | undefined;
}

/** @param answer of the backend to a HEAD or a GET of the stream */
export const permissionIn = (answer: IncomingMessage): Permission => ({
  cookies: answer.headers['set-cookie'] ?? [],
  tenantId: tenantOf(answer),
});

interface StreamRequest {
  path: string;
  headers: OutgoingHttpHeaders;
}

/** The open streams of one credential, which are checked together. */
interface OpenStreams {
  /** The one that was checked last comes last. */
  requests: Map<Response, Request>;
  /** The tick of the last check. */
  checkedAt: number;
  isBeingChecked: boolean;
}

/**
 * Checks which client may watch which stream. Only the backend knows this, so the gateway sends it a HEAD request for the
 * stream with the client's headers: before the stream starts, and every few seconds, for one of the open streams of each
 * credential in turn. So a revoked credential loses its streams within 5 s. If the backend does not respond, streams stay open.
 */
@Injectable()
export class Permissions implements OnApplicationShutdown {
  /** Open streams by credential, in the order of their last checks. */
  private readonly open = new Map<string, OpenStreams>();
  private readonly timer = setInterval(() => this.tick(), TICK_MS).unref();
  private readonly limitNew = limitWithTimeout(MAX_CHECKS, SLOT_MS);
  /** For the repeated checks of open streams, which no client waits for. */
  private readonly limitRepeated = limitWithTimeout(MAX_CHECKS, SLOT_MS);
  private ticks = 0;

  constructor(private readonly backend: BackendClient) {}

  /**
   * @returns null when the backend refuses, or the client has disconnected
   * @throws Error when no backend responds
   */
  async checkPermission(req: Request): Promise<Permission | null> {
    const headers = upstreamHeaders(req);
    const response = await this.askBackend(req, this.limitNew, { path: req.originalUrl, headers });
    if (response?.statusCode !== 200) return null;
    return permissionIn(response);
  }

  /** Whether this client may have another stream than the one it requested. @throws Error when no backend responds */
  async isPermitted(req: Request, stream: StreamRequest): Promise<boolean> {
    const response = await this.askBackend(req, this.limitNew, stream);
    return response !== null && (response.statusCode ?? 500) < 300;
  }

  /** Ends the stream when its client's permission is revoked. */
  endWhenRevoked(req: Request, res: Response): void {
    const key = credentialOf(req);
    const streams = this.open.get(key) ?? {
      requests: new Map(),
      checkedAt: this.ticks,
      isBeingChecked: false,
    };
    this.open.set(key, streams);
    streams.requests.set(res, req);
    res.on('close', () => {
      streams.requests.delete(res);
      if (streams.requests.size === 0 && this.open.get(key) === streams) this.open.delete(key);
    });
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Called every second. Checks the permissions whose last check is too old. */
  tick(): void {
    this.ticks += 1;
    let checks = 0;
    for (const [key, streams] of this.open) {
      if (this.ticks - streams.checkedAt < VALID_TICKS || checks++ >= CHECKS_PER_TICK) return;
      streams.checkedAt = this.ticks;
      this.open.delete(key);
      this.open.set(key, streams);
      if (!streams.isBeingChecked) void this.recheck(streams);
    }
  }

  private async recheck(streams: OpenStreams): Promise<void> {
    const [next] = streams.requests;
    if (!next) return;
    const [checked, req] = next;
    streams.requests.delete(checked);
    streams.requests.set(checked, req);
    streams.isBeingChecked = true;
    const asked = { path: req.originalUrl, headers: upstreamHeaders(req) };
    const response = await this.askBackend(req, this.limitRepeated, asked).catch(() => null);
    streams.isBeingChecked = false;
    const status = response?.statusCode ?? 500;
    if (status < 400 || status >= 500) return;
    const isCredentialRefused = status === 401 || status === 403;
    for (const [res, other] of streams.requests)
      if (isCredentialRefused || pathOf(other) === pathOf(req)) res.destroy();
  }

  /** @returns the backend's response; null when the client has disconnected meanwhile */
  private askBackend(req: Request, limit: Limit, stream: StreamRequest): Promise<IncomingMessage | null> {
    return limit(async () => {
      if (req.socket.destroyed) return null;
      return (await this.backend.sendOwnRequest({ method: 'HEAD', ...stream })).resume();
    });
  }
}

/** Within a middleware, Express's own `path` lacks what the middleware is mounted at. */
const pathOf = ({ originalUrl }: Request): string => originalUrl.split('?')[0] ?? '';

/** The credential of a request. */
const credentialOf = ({ headers }: Request): string =>
  JSON.stringify([headers.authorization, headers.cookie]);

type Limit = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Runs at most `concurrency` calls at once, the others in the order in which they came. After `slotMs` a call gives its slot
 * to the next one, although it continues: a few slow calls cannot block the rest.
 */
function limitWithTimeout(concurrency: number, slotMs: number): Limit {
  const limit = pLimit(concurrency);
  return async (work) => {
    const { result } = await limit(async () => {
      const result = work();
      const done = new AbortController();
      const settled = result.then(
        () => done.abort(),
        () => done.abort(),
      );
      const timeout = delay(slotMs, undefined, { signal: done.signal }).catch(() => undefined);
      await Promise.race([settled, timeout]);
      // In an object, because `limit` would wait for a promise.
      return { result };
    });
    return result;
  };
}
