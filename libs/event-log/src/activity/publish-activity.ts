import type { Activity } from '@saas-codex/contracts/activity';
import { ACTIVITY_MAX_LENGTH, REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';

/** Tells what happened to a session or a run. Call it after the change is committed, never before. */
export async function publishActivity(redis: Redis, activity: Activity): Promise<void> {
  await redis.xadd(
    REDIS_KEYS.activity,
    'MAXLEN',
    '~',
    ACTIVITY_MAX_LENGTH,
    '*',
    STREAM_FIELDS.type,
    activity.type,
    STREAM_FIELDS.event,
    JSON.stringify(activity),
  );
}
