import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

/** How long Redis may take before this process counts for itself. */
export const LIMITS_TIMEOUT_MS = 500;

/**
 * Counts in Redis, for all services together. Without Redis each process counts for itself, so an outage neither blocks
 * requests nor lifts the limit.
 */
export function createLimiter(redis: Redis, name: string, points: number, seconds: number): RateLimiterRedis {
  const options = { keyPrefix: `${REDIS_KEYS.limitPrefix}:${name}`, points, duration: seconds };
  return new RateLimiterRedis({
    ...options,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: new RateLimiterMemory(options),
  });
}

/** A secret, or what is private, as part of a key in Redis. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Attempts at something of which only so many are allowed in a time. */
export class Attempts {
  private readonly limiter: RateLimiterRedis;

  constructor(redis: Redis, name: string, limit: { attempts: number; seconds: number }) {
    this.limiter = createLimiter(redis, name, limit.attempts, limit.seconds);
  }

  /**
   * Counts one attempt before it is made, so that attempts at the same time are counted, too.
   * @param subject who tries, and at what; only its hash is kept
   * @returns null: it may be made; else the seconds until the next may
   */
  async take(...subject: string[]): Promise<number | null> {
    try {
      await this.limiter.consume(keyOf(subject));
      return null;
    } catch (refused) {
      // The limiter rejects when the limit is exceeded. Anything else is a bug.
      if (refused instanceof RateLimiterRes) return Math.max(1, Math.ceil(refused.msBeforeNext / 1_000));
      throw refused;
    }
  }

  /** Forgets the attempts of this subject. */
  async forget(...subject: string[]): Promise<void> {
    await this.limiter.delete(keyOf(subject));
  }
}

const keyOf = (subject: string[]): string => digest(JSON.stringify(subject));
