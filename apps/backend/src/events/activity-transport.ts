import { hostname } from 'node:os';
import { Activity } from '@saas-codex/contracts/activity';
import { BACKEND_GROUP, REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { RedisStreamServer } from '@saas-codex/event-log/redis-stream/redis-stream.server';
import type { Redis } from 'ioredis';
import type { Config } from '../config.js';

/** Brings `codex:activity` to the backend's `@EventPattern` handlers: `app.connectMicroservice({ strategy })`. */
export const activityTransport = (redis: Redis, { PORT }: Config): RedisStreamServer =>
  new RedisStreamServer({
    redis,
    stream: REDIS_KEYS.activity,
    group: BACKEND_GROUP,
    // Backends on one machine have different ports, and those in containers different host names.
    consumer: `${hostname()}:${PORT}`,
    schema: Activity,
  });
