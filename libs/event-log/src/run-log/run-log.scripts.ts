import type { Activity } from '@saas-codex/contracts/activity';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { activityArguments, publishActivityLua } from '../activity/activity-stream.js';
import { publishEntryLua } from '../redis-stream/published-entry.js';
import { TOTAL_FIELD } from './run-log-account.js';
import type { RunLogOwner } from './run-log-entry.js';

/**
 * The run log's atomic steps, as Lua. The number at the end of a script's name is its number of keys. Scripts are sent as
 * text: that is a few hundred bytes, and does not depend on a script cache, which is empty after Redis restarts.
 *
 * Each script compares the log's last entry with what the writer believes it to be. So Redis refuses a stale writer, an
 * ended log stays ended, and the numbers of durable events have no hole. What is appended is published, and counted for its
 * tenant (run-log-account.ts), in the same step.
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

/** What Redis stores for an entry besides its fields, about. */
const ENTRY_BYTES = 64;

/** Lua that adds an entry to what the logs of its tenant take; the arguments are Lua expressions. */
const countLua = (account: string, run: string, entry: string[]): string => `
local bytes = ${entry.map((field) => `#${field}`).join(' + ')} + ${ENTRY_BYTES}
redis.call('HINCRBY', ${account}, ${run}, bytes)
redis.call('HINCRBY', ${account}, '${TOTAL_FIELD}', bytes)`;

/*
 * Input:  KEYS[1] run log    KEYS[2] bytes of the tenant's logs
 *         ARGV[1] id of the entry that must be the last one    ARGV[2] id of the new entry
 *         ARGV[3] type    ARGV[4] event JSON    ARGV[5] writer
 *         ARGV[6] run    ARGV[7] bytes that the tenant's logs may take; 0: as many as they need
 * Output: 1 written (also when this very entry was written before: the command was sent again)
 *         0 refused, another writer has written
 *         2 refused, the tenant's logs would take more than they may
 */
const APPEND_2 = `${LAST}
local id, fields = last()
if id == ARGV[2] and fields.${writer} == ARGV[5] and fields.${event} == ARGV[4] then return 1 end
if id ~= ARGV[1] then return 0 end
local most = tonumber(ARGV[7])
local taken = tonumber(redis.call('HGET', KEYS[2], '${TOTAL_FIELD}') or 0)
if most > 0 and taken + #ARGV[4] > most then return 2 end
redis.call('XADD', KEYS[1], ARGV[2], '${type}', ARGV[3], '${event}', ARGV[4], '${writer}', ARGV[5])
${countLua('KEYS[2]', 'ARGV[6]', ['ARGV[3]', 'ARGV[4]', 'ARGV[5]'])}
${publishEntryLua({ key: 'KEYS[1]', before: 'id', id: 'ARGV[2]', type: 'ARGV[3]', event: 'ARGV[4]' })}
return 1`;

/*
 * Writes a durable entry and the activity that reports it, both or neither.
 *
 * Input:  KEYS[1] run log    KEYS[2] activity stream of the tenant    KEYS[3] bytes of the tenant's logs
 *         ARGV[1] number of the new entry; the one before it must be the last durable one
 *         ARGV[2] type    ARGV[3] event JSON    ARGV[4] writer
 *         ARGV[5] activity type    ARGV[6] activity JSON    ARGV[7] length to trim the activity stream to, about
 *         ARGV[8] channel of activities    ARGV[9] run
 * Output: 1 written (also when this very entry was written before)
 *         0 refused, the log's last durable entry is another one
 */
const APPEND_WITH_ACTIVITY_3 = `${LAST}
local id, fields = last()
if id == ARGV[1] .. '-0' and fields.${writer} == ARGV[4] then return 1 end
if tonumber(string.match(id, '^%d+')) ~= tonumber(ARGV[1]) - 1 then return 0 end
redis.call('XADD', KEYS[1], ARGV[1] .. '-0', '${type}', ARGV[2], '${event}', ARGV[3], '${writer}', ARGV[4])
${countLua('KEYS[3]', 'ARGV[9]', ['ARGV[2]', 'ARGV[3]', 'ARGV[4]'])}
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

export type AppendOutcome = 'written' | 'fenced' | 'full';
const OUTCOMES = new Map<unknown, AppendOutcome>([
  [1, 'written'],
  [2, 'full'],
]);

/**
 * Writes `entry` after the entry `after`.
 * @param most bytes that the tenant's logs may take with it; undefined: as many as they need
 * @returns fenced when `after` is not the last entry any more; full when the entry would take too much
 */
export async function appendEntry(
  redis: Redis,
  { runId, tenantId }: Pick<RunLogOwner, 'runId' | 'tenantId'>,
  ids: { after: string; id: string },
  entry: LogEntry,
  most?: number,
): Promise<AppendOutcome> {
  const keys = [REDIS_KEYS.runEvents(runId), REDIS_KEYS.logBytes(tenantId)];
  const fields = [entry.type, entry.event, entry.writer];
  const answer = await redis.eval(APPEND_2, 2, ...keys, ids.after, ids.id, ...fields, runId, most ?? 0);
  return OUTCOMES.get(answer) ?? 'fenced';
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
    APPEND_WITH_ACTIVITY_3,
    3,
    REDIS_KEYS.runEvents(runId),
    REDIS_KEYS.activity(activity.tenant_id),
    REDIS_KEYS.logBytes(activity.tenant_id),
    seq,
    entry.type,
    entry.event,
    entry.writer,
    ...activityArguments(activity),
    runId,
  );
  return answer === 1;
}
