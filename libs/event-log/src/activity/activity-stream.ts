import type { Activity } from '@saas-codex/contracts/activity';
import {
  ACTIVITY_CHANNEL,
  ACTIVITY_MAX_BYTES,
  ACTIVITY_MAX_LENGTH,
  REDIS_KEYS,
  STREAM_FIELDS,
} from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { publishEntryLua } from '../redis-stream/published-entry.js';

/*
 * How an activity is published. It goes to the stream of its tenant, which readers replay, and in the same step to one
 * pub/sub channel for all tenants, where a message may be lost:
 *
 *     writer ──script──┬─► XADD codex:activity:{tenant_id} ──► GET /api/events, outside consumers
 *                      ├─► PUBLISH on its channel ──────────► GET /api/events, sooner
 *                      └─► PUBLISH codex:activity ───────────► every backend, which looks at the run that moved
 */

/**
 * Lua that publishes an activity, and drops a quarter of the stream's entries when they take too much memory. Without permission
 * to ask for that, only their number is limited. Other scripts use it too, to write something together with its activity.
 * @param key Lua expression for the tenant's stream
 * @param first number of the first of four arguments: type, JSON, about how many entries to keep, channel
 */
export const publishActivityLua = (key: string, first: number): string => `
local activity_before = redis.call('XREVRANGE', ${key}, '+', '-', 'COUNT', 1)[1]
local activity_id = redis.call('XADD', ${key}, 'MAXLEN', '~', ARGV[${first + 2}], '*',
  '${STREAM_FIELDS.type}', ARGV[${first}], '${STREAM_FIELDS.event}', ARGV[${first + 1}])
${publishEntryLua({
  key,
  before: "(activity_before and activity_before[1] or '0-0')",
  id: 'activity_id',
  type: `ARGV[${first}]`,
  event: `ARGV[${first + 1}]`,
})}
local activity_bytes = redis.pcall('MEMORY', 'USAGE', ${key})
if type(activity_bytes) == 'number' and activity_bytes > ${ACTIVITY_MAX_BYTES} then
  redis.call('XTRIM', ${key}, 'MAXLEN', '~', math.ceil(redis.call('XLEN', ${key}) * 3 / 4))
end
redis.call('PUBLISH', ARGV[${first + 3}], ARGV[${first + 1}])`;

/** The four arguments of that Lua. */
export const activityArguments = (activity: Activity) => [
  activity.type,
  JSON.stringify(activity),
  ACTIVITY_MAX_LENGTH,
  ACTIVITY_CHANNEL,
];

/*
 * Input:  KEYS[1] activity stream of the tenant
 *         ARGV[1] type    ARGV[2] activity JSON    ARGV[3] length to trim the stream to, about    ARGV[4] channel
 * Output: none
 */
const PUBLISH_ACTIVITY_1 = publishActivityLua('KEYS[1]', 1);

/** Reports what happened to a session or a run. Call it after the change is committed, never before. */
export async function publishActivity(redis: Redis, activity: Activity): Promise<void> {
  const stream = REDIS_KEYS.activity(activity.tenant_id);
  await redis.eval(PUBLISH_ACTIVITY_1, 1, stream, ...activityArguments(activity));
}
