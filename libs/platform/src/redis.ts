import { Redis, type RedisOptions } from 'ioredis';

/**
 * A Redis connection that reconnects for ever. `blocking: true` for one that waits in XREAD or is BullMQ's: its
 * commands are not given up while the server is away.
 */
export const connectRedis = (
  url: string,
  { blocking = false, ...options }: { blocking?: boolean } & RedisOptions = {},
): Redis =>
  new Redis(url, {
    maxRetriesPerRequest: blocking ? null : 20,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000),
    ...options,
  });
