import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Request, Response } from 'express';
import pLimit from 'p-limit';
import { upstreamHeaders } from '../proxy/headers.js';
import { Upstream } from '../proxy/upstream.js';

const TICK_MS = 1_000;
/** How long a stream may go on before its client's credential is checked again. */
const VALID_TICKS = 60;
/** At most so many checks per tick, so that clients that came together are not all checked together. */
const CHECKS_PER_TICK = 200;
/** Maximum concurrent requests to check permissions. It keeps a backend busy without a connection for every waiting client. */
const MAX_CHECKS = 32;
/** A check that takes longer is slow for another reason than a busy backend, so it gives up its slot. */
const SLOT_MS = 250;

/** A client's right to the stream that it asked for. */
export interface Permission {
  /** The client's, for the backend. */
  headers: OutgoingHttpHeaders;
  /** From the backend's answer: it may have extended a cookie that is in use. */
  cookies: string[];
}

interface OpenAnswer {
  req: Request;
  res: Response;
  /** The tick of the last check. */
  checkedAt: number;
  isBeingChecked: boolean;
}

/**
 * Checks which client may watch which stream. Only the backend knows, so the gateway asks it as the client, with a HEAD
 * request for the stream: before the stream starts, and again while it is open. So a revoked credential ends its streams
 * within about a minute. A backend that does not answer ends no stream.
 */
@Injectable()
export class Permissions implements OnApplicationShutdown {
  /** In the order of their last checks. */
  private readonly open = new Set<OpenAnswer>();
  private readonly timer = setInterval(() => this.tick(), TICK_MS).unref();
  private readonly limitNew = limitWithTimeout(MAX_CHECKS, SLOT_MS);
  /** For the repeated checks of open streams, which no client waits for. */
  private readonly limitRepeated = limitWithTimeout(MAX_CHECKS, SLOT_MS);
  private ticks = 0;

  constructor(private readonly upstream: Upstream) {}

  /** @returns null when the backend refuses, or the client has disconnected; @throws when the backend does not answer */
  async of(req: Request): Promise<Permission | null> {
    const answer = await this.ask(req, this.limitNew);
    if (answer?.statusCode !== 200) return null;
    return { headers: upstreamHeaders(req), cookies: answer.headers['set-cookie'] ?? [] };
  }

  /** Ends the answer as soon as its client's permission is revoked. */
  endWhenRevoked(req: Request, res: Response): void {
    const answer = { req, res, checkedAt: this.ticks, isBeingChecked: false };
    this.open.add(answer);
    res.on('close', () => this.open.delete(answer));
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Called every second: checks the answers whose last check is long ago. */
  tick(): void {
    this.ticks += 1;
    let checks = 0;
    for (const answer of this.open) {
      if (this.ticks - answer.checkedAt < VALID_TICKS || checks++ >= CHECKS_PER_TICK) return;
      answer.checkedAt = this.ticks;
      this.open.delete(answer);
      this.open.add(answer);
      if (!answer.isBeingChecked) void this.check(answer);
    }
  }

  private async check(open: OpenAnswer): Promise<void> {
    open.isBeingChecked = true;
    const answer = await this.ask(open.req, this.limitRepeated).catch(() => null);
    open.isBeingChecked = false;
    const status = answer?.statusCode ?? 500;
    if (status >= 400 && status < 500) open.res.destroy();
  }

  /** @returns null when the client has disconnected meanwhile */
  private ask(req: Request, limit: Limit): Promise<IncomingMessage | null> {
    return limit(async () => {
      if (req.socket.destroyed) return null;
      const question = { method: 'HEAD', path: req.originalUrl, headers: upstreamHeaders(req) };
      return (await this.upstream.ask(question)).resume();
    });
  }
}

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
