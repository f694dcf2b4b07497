import { setTimeout as delay } from 'node:timers/promises';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import type { Redis } from 'ioredis';
import { type RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { clientNetwork } from '../network/client-network.js';
import { ProblemError } from '../problem.js';
import { connectRedis } from '../redis.js';
import { createLimiter, digest, LIMITS_TIMEOUT_MS } from './attempts.js';

const WINDOW_S = 60;
/** In upper or lower case, because routes ignore it. `readTarget` has left nothing but the path. */
const SIGN_IN_PATH = /^\/api\/(auth\/|invitations\/(look-up|accept)(\/|$))/i;
/** Where a browser signs in by redirects, so with GET. */
const SIGN_IN_REDIRECT = /^\/api\/auth\/(oidc|github)\//i;
/** How long the start waits for Redis, so that the first requests are counted there. */
const START_TIMEOUT_MS = 1_000;

export interface RateLimitSettings {
  REDIS_URL: string;
  RATE_LIMIT_PER_MINUTE: number;
  SIGN_IN_LIMIT_PER_MINUTE: number;
}

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
 * Limits requests per minute: per address (of IPv6, per /64), per credential, and more strictly for signing in. Redis counts for all gateways
 * and backends together. The response headers show the bucket that is nearest to its limit. Without Redis, each process counts for
 * itself, so an outage neither blocks requests nor lifts the limits.
 */
export class RateLimits implements OnModuleInit, OnApplicationShutdown {
  private readonly redis: Redis;
  private readonly perAddress: RateLimiterRedis;
  private readonly perCredential: RateLimiterRedis;
  private readonly signIn: RateLimiterRedis;

  constructor(config: RateLimitSettings) {
    // Commands of one event loop iteration are sent in one write.
    const options = { commandTimeout: LIMITS_TIMEOUT_MS, enableAutoPipelining: true };
    this.redis = connectRedis(config.REDIS_URL, options);
    this.perAddress = createLimiter(this.redis, 'address', config.RATE_LIMIT_PER_MINUTE, WINDOW_S);
    this.perCredential = createLimiter(this.redis, 'credential', config.RATE_LIMIT_PER_MINUTE, WINDOW_S);
    this.signIn = createLimiter(this.redis, 'sign-in', config.SIGN_IN_LIMIT_PER_MINUTE, WINDOW_S);
  }

  async onModuleInit(): Promise<void> {
    const ready = new Promise((resolve) => this.redis.once('ready', resolve));
    await Promise.race([ready, delay(START_TIMEOUT_MS, undefined, { ref: false })]);
  }

  /** Middleware for the API. @throws ProblemError rate_limited */
  async limitRequest(req: Request, res: Response, next: NextFunction): Promise<void> {
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
    const address = clientNetwork(req.ip);
    const buckets = [{ limiter: this.perAddress, key: address }];
    const credential = req.headers.authorization ?? req.headers.cookie;
    if (credential) buckets.push({ limiter: this.perCredential, key: digest(credential) });
    if (SIGN_IN_REDIRECT.test(req.path) || (req.method === 'POST' && SIGN_IN_PATH.test(req.path)))
      buckets.push({ limiter: this.signIn, key: address });
    return buckets;
  }
}

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
