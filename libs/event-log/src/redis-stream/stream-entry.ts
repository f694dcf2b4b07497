import { BEFORE_FIRST_EVENT, type EventId, parseEventId, toEntryId } from '@saas-codex/contracts/event-ids';
import { STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';

/** One entry of a run log or an activity stream; `type` and `event` are the wire bytes as the writer made them. */
export interface StreamEntry {
  id: EventId;
  type: string;
  event: Buffer;
}

/** A field of a raw stream entry, whose fields are one flat list: name, value, name, value … */
export function fieldOf(fields: string[], name: string): string | undefined {
  const index = fields.findIndex((text, at) => at % 2 === 0 && text === name);
  return index < 0 ? undefined : fields[index + 1];
}

/** Id of a stream's last entry; 0-0 when it has none. */
export async function lastEntryId(redis: Redis, key: string): Promise<EventId> {
  const [entry] = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
  return (entry && parseEventId(entry[0])) ?? BEFORE_FIRST_EVENT;
}

/** Up to `count` entries after `after`. */
export async function readEntries(
  redis: Redis,
  key: string,
  after: EventId,
  count: number,
): Promise<StreamEntry[]> {
  const entries = await redis.xrangeBuffer(key, `(${toEntryId(after)}`, '+', 'COUNT', count);
  return entries.map(toStreamEntry).filter((entry) => entry !== null);
}

const TYPE = Buffer.from(STREAM_FIELDS.type);
const EVENT = Buffer.from(STREAM_FIELDS.event);

/** @returns null for an entry that has not the fields of an event */
export function toStreamEntry([rawId, fields]: [id: Buffer, fields: Buffer[]]): StreamEntry | null {
  const id = parseEventId(rawId.toString('latin1'));
  let type: Buffer | undefined;
  let event: Buffer | undefined;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]?.equals(TYPE)) type = fields[i + 1];
    else if (fields[i]?.equals(EVENT)) event = fields[i + 1];
  }
  return id && type && event ? { id, type: type.toString('latin1'), event } : null;
}
