import { createHash } from 'node:crypto';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { HEADERS } from '@saas-codex/contracts/http';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { toProblem } from '@saas-codex/service-kit/problem.filter';
import type { Request, Response } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import {
  findRequestContext,
  type CallerContext,
  isByLink,
  setRequestContext,
} from '../../identity/request-context.js';
import { RECEIVED_ONCE } from '../received-once.decorator.js';
import { SHOWN_ONCE } from '../shown-once.decorator.js';
import type { SavedAnswer } from './idempotency-key.entity.js';
import { type Claim, IdempotencyStore, LEASE_SECONDS } from './idempotency-store.js';

const KEY = /^[!-~]{1,200}$/;
/** How long a request waits for another one with the same key, and how often it checks. */
const WAIT_MS = 3_000;
const POLL_MS = 100;

/**
 * `Idempotency-Key` on every POST: however often a request arrives, it has one effect and one answer.
 *
 *     claim ──mine──────► handle ──2xx, 4xx──► save ──► answer
 *       │                    └──────5xx──────► release
 *       ├──answered──────► the saved answer
 *       ├──other body────► 422 idempotency_key_reused
 *       └──others────────► check again for 3 s, then 409 idempotency_in_progress
 *
 * The claim is a row in Postgres that its holder renews. So it survives restarts, holds across backends, and is taken
 * over when its holder has crashed. Its id is the id of what the request creates (`ctx.idempotentId`), so an attempt
 * finds what the one before it has committed.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger(IdempotencyInterceptor.name);

  constructor(
    private readonly store: IdempotencyStore,
    private readonly reflector: Reflector,
  ) {}

  intercept(host: ExecutionContext, next: CallHandler): Observable<unknown> {
    const req = host.switchToHttp().getRequest<Request>();
    const key = req.headers[HEADERS.idempotencyKey];
    const ctx = findRequestContext(req);
    if (req.method !== 'POST' || key === undefined || !ctx || isByLink(ctx)) return next.handle();
    if (typeof key !== 'string' || !KEY.test(key)) {
      throw new ProblemError(
        'invalid_request',
        'Idempotency-Key must have 1 to 200 visible ASCII characters.',
      );
    }
    const fieldsOf = (mark: string) =>
      this.reflector.get<string[] | undefined>(mark, host.getHandler()) ?? [];
    const res = host.switchToHttp().getResponse<Response>();
    const claim = { key, fingerprint: fingerprintOf(req, fieldsOf(RECEIVED_ONCE)) };
    return from(this.once(ctx, claim, fieldsOf(SHOWN_ONCE), req, res, next));
  }

  private async once(
    ctx: CallerContext,
    { key, fingerprint }: { key: string; fingerprint: string },
    secrets: readonly string[],
    req: Request,
    res: Response,
    next: CallHandler,
  ) {
    const claim = await this.claim(ctx, key, fingerprint);
    switch (claim.state) {
      case 'mine':
        setRequestContext(req, { ...ctx, idempotentId: claim.claimId });
        return this.handle(ctx, claim.claimId, secrets, res, next);
      case 'answered':
        return replay(claim.answer, res);
      case 'reused':
        throw new ProblemError(
          'idempotency_key_reused',
          'Use a new Idempotency-Key for a different request.',
        );
      case 'others':
        throw new ProblemError(
          'idempotency_in_progress',
          'Try again in a moment with the same Idempotency-Key.',
          {
            headers: { 'retry-after': '1' },
          },
        );
    }
  }

  private async claim(ctx: CallerContext, key: string, fingerprint: string): Promise<Claim> {
    const giveUpAt = Date.now() + WAIT_MS;
    for (;;) {
      const claim = await this.store.claim(ctx, key, fingerprint);
      if (claim.state !== 'others' || Date.now() >= giveUpAt) return claim;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  private async handle(
    ctx: CallerContext,
    claimId: string,
    secrets: readonly string[],
    res: Response,
    next: CallHandler,
  ): Promise<unknown> {
    const renewal = setInterval(
      () => void this.quietly(this.store.renew(ctx, claimId)),
      (LEASE_SECONDS * 1000) / 4,
    );
    try {
      const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      const hide = (name: string, value: unknown) => (secrets.includes(name) ? null : value);
      const json = body === undefined ? null : JSON.stringify(body, hide);
      await this.quietly(this.store.save(ctx, claimId, { status: res.statusCode, json }));
      return body;
    } catch (error) {
      const { code, status, detail, extra } = toProblem(error);
      const problem = { code, detail, errors: extra.errors };
      await this.quietly(
        status < 500 ? this.store.save(ctx, claimId, { problem }) : this.store.release(ctx, claimId),
      );
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }

  /** The request has had its effect, so a failure to record it must not change the answer. */
  private async quietly(write: Promise<void>): Promise<void> {
    try {
      await write;
    } catch (error) {
      this.logger.warn(`An idempotency key could not be written: ${String(error)}`);
    }
  }
}

/** Two requests are the same when method, address and body are. */
/** @param secrets fields of the body that are left out */
function fingerprintOf(req: Request, secrets: readonly string[]): string {
  const kept = (field: string, value: unknown) => (secrets.includes(field) ? undefined : value);
  const sent: unknown = req.body;
  const body = createHash('sha256').update(Buffer.isBuffer(sent) ? sent : JSON.stringify(sent ?? null, kept));
  return `${req.method} ${req.originalUrl} ${body.digest('hex')}`;
}

function replay(answer: SavedAnswer, res: Response): unknown {
  res.setHeader(HEADERS.idempotentReplayed, 'true');
  if ('problem' in answer) {
    const { code, detail, errors } = answer.problem;
    throw new ProblemError(code, detail, { errors });
  }
  res.status(answer.status);
  return answer.json === null ? undefined : (JSON.parse(answer.json) as unknown);
}
