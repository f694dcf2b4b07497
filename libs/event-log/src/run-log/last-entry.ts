import { BEFORE_FIRST_EVENT, type EventId, parseEventId } from '@saas-codex/contracts/event-ids';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { fieldOf } from '../redis-stream/entry-field.js';

export interface LastEntry {
  id: EventId;
  /** undefined: the log is empty. */
  type?: string | undefined;
  writer?: string | undefined;
}

/** What a run's log ends with in Redis now. */
export async function lastEntry(redis: Redis, runId: string): Promise<LastEntry> {
  const [entry] = await redis.xrevrange(REDIS_KEYS.runEvents(runId), '+', '-', 'COUNT', 1);
  if (!entry) return { id: BEFORE_FIRST_EVENT };
  const [id, fields] = entry;
  return {
    id: parseEventId(id) ?? BEFORE_FIRST_EVENT,
    type: fieldOf(fields, STREAM_FIELDS.type),
    writer: fieldOf(fields, STREAM_FIELDS.writer),
  };
}
