import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  type NestMiddleware,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { connectRedis } from '@saas-codex/service-kit/redis';
import type { NextFunction, Request, Response } from 'express';
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { CONFIG, type Config } from '../config.js';

const WINDOW_S = 60;
/** How long Redis may take before this process counts for itself. */
const REDIS_TIMEOUT_MS = 500;
/** In upper or lower case, with or without an origin (RFC 9112, 3.2.2), because the backend accepts all of these. */
const SIGN_IN_PATH = /^(https?:\/\/[^/]*)?\/api\/auth\//i;
/** How long the start waits for Redis, so that the first requests are counted there. */
const START_TIMEOUT_MS = 1_000;

interface Bucket {
  limiter: RateLimiterRedis;
  key: string;
}

interface BucketState {
  limit: number;
  remaining: number;
  /** Seconds until the bucket is full again. */
  reset: number;
  exceeded: boolean;
}

/**
 * Limits requests per minute: per address, per credential, and more strictly for signing in. Redis counts for all gateways
 * together. The response headers show the bucket that is nearest to its limit. Without Redis, each process counts for
 * itself, so an outage neither blocks requests nor lifts the limits.
 */
@Injectable()
export class RateLimits implements NestMiddleware, OnModuleInit, OnApplicationShutdown {
  private readonly redis: Redis;
  private readonly perAddress: RateLimiterRedis;
  private readonly perCredential: RateLimiterRedis;
  private readonly signIn: RateLimiterRedis;

  constructor(@Inject(CONFIG) config: Config) {
    // Commands of one event loop iteration are sent in one write.
    const options = { commandTimeout: REDIS_TIMEOUT_MS, enableAutoPipelining: true };
    this.redis = connectRedis(config.REDIS_URL, options);
    this.perAddress = this.createLimiter('address', config.RATE_LIMIT_PER_MINUTE);
    this.perCredential = this.createLimiter('credential', config.RATE_LIMIT_PER_MINUTE);
    this.signIn = this.createLimiter('sign-in', config.SIGN_IN_LIMIT_PER_MINUTE);
  }

  async onModuleInit(): Promise<void> {
    const ready = new Promise((resolve) => this.redis.once('ready', resolve));
    await Promise.race([ready, delay(START_TIMEOUT_MS, undefined, { ref: false })]);
  }

  async use(req: Request, res: Response, next: NextFunction): Promise<void> {
    const states = await Promise.all(this.bucketsOf(req).map(consume));
    const tightest = states.reduce((a, b) =>
      b.exceeded || (!a.exceeded && b.remaining < a.remaining) ? b : a,
    );
    res.setHeader('RateLimit-Limit', tightest.limit);
    res.setHeader('RateLimit-Remaining', tightest.remaining);
    res.setHeader('RateLimit-Reset', tightest.reset);
    if (!tightest.exceeded) return next();
    throw new ProblemError('rate_limited', `Try again in ${tightest.reset} s.`, {
      headers: { 'Retry-After': `${tightest.reset}` },
    });
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }

  private bucketsOf(req: Request): Bucket[] {
    const address = req.ip ?? 'unknown';
    const buckets = [{ limiter: this.perAddress, key: address }];
    const credential = req.headers.authorization ?? req.headers.cookie;
    if (credential) buckets.push({ limiter: this.perCredential, key: digest(credential) });
    if (req.method === 'POST' && SIGN_IN_PATH.test(req.originalUrl))
      buckets.push({ limiter: this.signIn, key: address });
    return buckets;
  }

  private createLimiter(name: string, points: number): RateLimiterRedis {
    const keyPrefix = `${REDIS_KEYS.limitPrefix}:${name}`;
    return new RateLimiterRedis({
      storeClient: this.redis,
      keyPrefix,
      points,
      duration: WINDOW_S,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory({ keyPrefix, points, duration: WINDOW_S }),
    });
  }
}

const digest = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

async function consume({ limiter, key }: Bucket): Promise<BucketState> {
  const [result, exceeded] = await limiter.consume(key).then(
    (left) => [left, false] as const,
    (refused: unknown) => {
      // The limiter rejects when the limit is exceeded. Anything else is a bug.
      if (refused instanceof RateLimiterRes) return [refused, true] as const;
      throw refused;
    },
  );
  return {
    limit: limiter.points,
    remaining: result.remainingPoints,
    reset: Math.max(1, Math.ceil(result.msBeforeNext / 1_000)),
    exceeded,
  };
}
