import { Logger } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';

const logger = new Logger('Redis');

/** Opens a Redis connection that keeps reconnecting. */
export function connectRedis(url: string, options: RedisOptions = {}): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 20,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000),
    ...options,
  });
  reportOutages(redis);
  return redis;
}

/** Logs one line when the server becomes unavailable and one when it is back, however many attempts there are between. */
function reportOutages(redis: Redis): void {
  let unavailable = false;
  redis.on('error', (error) => {
    if (!unavailable) logger.warn(`Redis is unavailable: ${error.message}`);
    unavailable = true;
  });
  redis.on('ready', () => {
    if (unavailable) logger.log('Redis is available again');
    unavailable = false;
  });
}
