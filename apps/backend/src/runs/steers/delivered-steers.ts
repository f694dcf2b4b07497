import { readRunEvent } from '@saas-codex/contracts/events';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import { fieldOf } from '@saas-codex/event-log/redis-stream/stream-entry';
import type { Redis } from 'ioredis';

const PAGE = 500;
/** How far the clocks of a runner and a backend may be apart. */
const CLOCKS_APART_MS = 10 * 60_000;

/**
 * The steers that a run's log says were delivered, with the time. Reads the log from its end.
 * @param since when the first of those that are asked for was sent: older events cannot name one
 */
export async function readDeliveredSteers(
  redis: Redis,
  runId: string,
  since: Date,
): Promise<Map<string, Date>> {
  const delivered = new Map<string, Date>();
  const oldest = since.getTime() - CLOCKS_APART_MS;
  for (let end = '+'; ;) {
    const page = await redis.xrevrange(REDIS_KEYS.runEvents(runId), end, '-', 'COUNT', PAGE);
    for (const [, fields] of page) {
      if (fieldOf(fields, STREAM_FIELDS.type) !== 'steer.delivered') continue;
      const event = eventOf(fields);
      if (event?.type === 'steer.delivered') delivered.set(event.data.steer_id, new Date(event.at));
    }
    const last = page.at(-1);
    if (!last) return delivered;
    const at = eventOf(last[1])?.at;
    if (at !== undefined && Date.parse(at) < oldest) return delivered;
    end = `(${last[0]}`;
  }
}

const eventOf = (fields: string[]) => readRunEvent(fieldOf(fields, STREAM_FIELDS.event) ?? '');
