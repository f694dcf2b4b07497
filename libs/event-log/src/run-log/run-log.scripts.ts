import type { Activity } from '@saas-codex/contracts/activity';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { activityArguments, publishActivityLua } from '../activity/activity-stream.js';
import { publishEntryLua } from '../redis-stream/published-entry.js';

/**
 * The run log's atomic steps, as Lua. The number at the end of a script's name is its number of keys. Scripts are sent as
 * text: that is a few hundred bytes, and does not depend on a script cache, which is empty after Redis restarts.
 *
 * Each script compares the log's last entry with what the writer believes it to be. So Redis refuses a stale writer, an
 * ended log stays ended, and the numbers of durable events have no hole. What is appended is published in the same step.
 */

const { type, event, writer } = STREAM_FIELDS;

/** Shared by the scripts: id and fields of the log's last entry, '0-0' and {} when there is none. */
const LAST = `
local function last()
  local entry = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if not entry then return '0-0', {} end
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  return entry[1], fields
end`;

/*
 * Input:  KEYS[1] run log
 *         ARGV[1] id of the entry that must be the last one    ARGV[2] id of the new entry
 *         ARGV[3] type    ARGV[4] event JSON    ARGV[5] writer
 * Output: 1 written (also when this very entry was written before: the command was sent again)
 *         0 refused, another writer has written
 */
const APPEND_1 = `${LAST}
local id, fields = last()
if id == ARGV[2] and fields.${writer} == ARGV[5] and fields.${event} == ARGV[4] then return 1 end
if id ~= ARGV[1] then return 0 end
redis.call('XADD', KEYS[1], ARGV[2], '${type}', ARGV[3], '${event}', ARGV[4], '${writer}', ARGV[5])
${publishEntryLua({ key: 'KEYS[1]', before: 'id', id: 'ARGV[2]', type: 'ARGV[3]', event: 'ARGV[4]' })}
return 1`;

/*
 * Writes a durable entry and the activity that reports it, both or neither.
 *
 * Input:  KEYS[1] run log    KEYS[2] activity stream of the tenant
 *         ARGV[1] number of the new entry; the one before it must be the last durable one
 *         ARGV[2] type    ARGV[3] event JSON    ARGV[4] writer
 *         ARGV[5] activity type    ARGV[6] activity JSON    ARGV[7] length to trim the activity stream to, about
 *         ARGV[8] channel of activities
 * Output: 1 written (also when this very entry was written before)
 *         0 refused, the log's last durable entry is another one
 */
const APPEND_WITH_ACTIVITY_2 = `${LAST}
local id, fields = last()
if id == ARGV[1] .. '-0' and fields.${writer} == ARGV[4] then return 1 end
if tonumber(string.match(id, '^%d+')) ~= tonumber(ARGV[1]) - 1 then return 0 end
redis.call('XADD', KEYS[1], ARGV[1] .. '-0', '${type}', ARGV[2], '${event}', ARGV[3], '${writer}', ARGV[4])
${publishEntryLua({ key: 'KEYS[1]', before: 'id', id: "ARGV[1] .. '-0'", type: 'ARGV[2]', event: 'ARGV[3]' })}
${publishActivityLua('KEYS[2]', 5)}
return 1`;

export interface LogEntry {
  type: string;
  /** The envelope as JSON. */
  event: string;
  /** A name that no other writer has. */
  writer: string;
}

/** Writes `entry` after the entry `after`; false when that is not the last one any more. */
export async function appendEntry(
  redis: Redis,
  runId: string,
  ids: { after: string; id: string },
  entry: LogEntry,
): Promise<boolean> {
  const key = REDIS_KEYS.runEvents(runId);
  return (await redis.eval(APPEND_1, 1, key, ids.after, ids.id, entry.type, entry.event, entry.writer)) === 1;
}

/** Writes durable entry number `seq` together with an activity; false when the log does not stand at `seq - 1`. */
export async function appendEntryWithActivity(
  redis: Redis,
  runId: string,
  seq: number,
  entry: LogEntry,
  activity: Activity,
): Promise<boolean> {
  const answer = await redis.eval(
    APPEND_WITH_ACTIVITY_2,
    2,
    REDIS_KEYS.runEvents(runId),
    REDIS_KEYS.activity(activity.tenant_id),
    seq,
    entry.type,
    entry.event,
    entry.writer,
    ...activityArguments(activity),
  );
  return answer === 1;
}
