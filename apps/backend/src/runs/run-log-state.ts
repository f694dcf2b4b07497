import { type RunEvent, isTerminalEventType } from '@saas-codex/contracts/events';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import { fieldOf } from '@saas-codex/event-log/redis-stream/entry-field';
import type { Redis } from 'ioredis';

/** What a run's log says about its status. */
export interface RunLogState {
  /** The log's first event; null: the log is empty, so the run has not started. */
  first: RunEvent | null;
  /** The event that ended it. */
  end: RunEvent | null;
}

/** Reads both ends of a run's log: a log that has ended has its terminal event last. */
export async function readRunLogState(redis: Redis, runId: string): Promise<RunLogState> {
  const key = REDIS_KEYS.runEvents(runId);
  const [first, last] = await Promise.all([
    redis.xrange(key, '-', '+', 'COUNT', 1),
    redis.xrevrange(key, '+', '-', 'COUNT', 1),
  ]);
  const end = eventOf(last[0]);
  return { first: eventOf(first[0]), end: end && isTerminalEventType(end.type) ? end : null };
}

function eventOf(entry: [id: string, fields: string[]] | undefined): RunEvent | null {
  if (!entry) return null;
  const json = fieldOf(entry[1], STREAM_FIELDS.event);
  return json === undefined ? null : (JSON.parse(json) as RunEvent);
}
