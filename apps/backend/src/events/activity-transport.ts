import { hostname } from 'node:os';
import { Activity } from '@saas-codex/contracts/activity';
import { BACKEND_GROUP, REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { RedisStreamServer } from '@saas-codex/platform/redis-stream/redis-stream.server';
import type { Redis } from 'ioredis';

/** Brings `codex:activity` to the backend's `@EventPattern` handlers: `app.connectMicroservice({ strategy })`. */
export const activityTransport = (redis: Redis): RedisStreamServer =>
  new RedisStreamServer({
    redis,
    stream: REDIS_KEYS.activity,
    group: BACKEND_GROUP,
    consumer: hostname(),
    schema: Activity,
  });
