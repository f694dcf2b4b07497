import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Turns } from '@saas-codex/service-kit/turns';
import type { Request, Response } from 'express';
import { upstreamHeaders } from '../proxy/headers.js';
import { Upstream } from '../proxy/upstream.js';

const TICK_MS = 1_000;
/** How long a stream may go on without its client's credential being looked at again. */
const VALID_TICKS = 60;
/** Of one tick, so that everybody who came at once is not asked for at once. */
const CHECKS_PER_TICK = 200;
/** Questions under way: as many as make a backend busy. Each takes a connection, and a crowd's would all be new ones. */
const QUESTIONS = 32;
/** After so long an answer waits for something else than its turn, and the next question goes out. */
const QUESTION_MS = 250;

/** A client's right to the stream that it asked for. */
export interface Permission {
  /** The client's, for the backend. */
  headers: OutgoingHttpHeaders;
  /** Of the backend's answer: a cookie in use may have been prolonged. */
  cookies: string[];
}

interface Held {
  req: Request;
  res: Response;
  /** The tick of the last look. */
  checkedAt: number;
  isBeingChecked: boolean;
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
  private readonly turns = new Turns(QUESTIONS, QUESTION_MS);
  /** Of looks again, which nobody waits for. */
  private readonly laterTurns = new Turns(QUESTIONS, QUESTION_MS);
  private ticks = 0;

  constructor(private readonly upstream: Upstream) {}

  /** @returns null when the backend refuses, or the client has gone; @throws when it does not answer */
  async of(req: Request): Promise<Permission | null> {
    const answer = await this.ask(req, this.turns);
    if (answer?.statusCode !== 200) return null;
    return { headers: upstreamHeaders(req), cookies: answer.headers['set-cookie'] ?? [] };
  }

  /** Ends the answer when its client's permission is taken back. */
  hold(req: Request, res: Response): void {
    const held = { req, res, checkedAt: this.ticks, isBeingChecked: false };
    this.held.add(held);
    res.on('close', () => this.held.delete(held));
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
      if (!held.isBeingChecked) void this.check(held);
    }
  }

  private async check(held: Held): Promise<void> {
    held.isBeingChecked = true;
    const answer = await this.ask(held.req, this.laterTurns).catch(() => null);
    held.isBeingChecked = false;
    const status = answer?.statusCode ?? 500;
    if (status >= 400 && status < 500) held.res.destroy();
  }

  /** @returns null when the client has gone meanwhile */
  private ask(req: Request, turns: Turns): Promise<IncomingMessage | null> {
    return turns.run(async () => {
      if (req.socket.destroyed) return null;
      const question = { method: 'HEAD', path: req.originalUrl, headers: upstreamHeaders(req) };
      return (await this.upstream.ask(question)).resume();
    });
  }
}
