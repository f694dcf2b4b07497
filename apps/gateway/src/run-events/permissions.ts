import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Request, Response } from 'express';
import { upstreamHeaders } from '../proxy/headers.js';
import { Upstream } from '../proxy/upstream.js';

const TICK_MS = 1_000;
/** How long a stream may go on without its client's credential being looked at again. */
const VALID_TICKS = 60;
/** Of one tick, so that everybody who came at once is not asked for at once. */
const CHECKS_PER_TICK = 200;

/** A client's right to the stream that it asked for. */
export interface Permission {
  path: string;
  /** The client's, for the backend. */
  headers: OutgoingHttpHeaders;
  /** Of the backend's answer: a cookie in use may have been prolonged. */
  cookies: string[];
}

interface Held extends Permission {
  res: Response;
  /** The tick of the last look. */
  checkedAt: number;
}

/**
 * Who may watch what. Only the backend knows, so it is asked as the client (HEAD of the very stream), before a stream starts and
 * again while it lasts: a credential that was taken back ends what it has started, within a minute or so. A backend that
 * does not answer ends nothing.
 */
@Injectable()
export class Permissions implements OnApplicationShutdown {
  /** In the order in which they were last looked at. */
  private readonly held = new Set<Held>();
  private readonly timer = setInterval(() => this.tick(), TICK_MS).unref();
  private ticks = 0;

  constructor(private readonly upstream: Upstream) {}

  /** @returns null when the backend refuses; @throws when it does not answer */
  async of(req: Request): Promise<Permission | null> {
    const [path, headers] = [req.originalUrl, upstreamHeaders(req)];
    const answer = await this.ask(path, headers);
    if (answer.statusCode !== 200) return null;
    return { path, headers, cookies: answer.headers['set-cookie'] ?? [] };
  }

  /** Ends the answer when the permission is taken back. */
  hold(permission: Permission, res: Response): void {
    const held = { ...permission, res, checkedAt: this.ticks };
    this.held.add(held);
    res.once('close', () => this.held.delete(held));
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Called every second: looks at those again that nobody has looked at for long. */
  tick(): void {
    this.ticks += 1;
    let checks = 0;
    for (const held of this.held) {
      if (this.ticks - held.checkedAt < VALID_TICKS || checks++ >= CHECKS_PER_TICK) return;
      held.checkedAt = this.ticks;
      this.held.delete(held);
      this.held.add(held);
      void this.check(held);
    }
  }

  private async check({ path, headers, res }: Held): Promise<void> {
    const { statusCode = 500 } = await this.ask(path, headers).catch(() => ({ statusCode: undefined }));
    if (statusCode >= 400 && statusCode < 500) res.destroy();
  }

  private async ask(path: string, headers: OutgoingHttpHeaders): Promise<IncomingMessage> {
    return (await this.upstream.ask({ method: 'HEAD', path, headers })).resume();
  }
}
