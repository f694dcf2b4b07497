import { type EventId, parseEventId } from '@saas-codex/contracts/event-ids';
import type { StreamEntry } from './stream-entry.js';

/*
 * A script that appends an entry to a stream also publishes it, on the channel that has the stream's name:
 *
 *     <id of the entry before> <id> <type> <event JSON>
 *
 * A reader who stands at the entry before has lost nothing, whatever ids look like. Anybody else reads the stream.
 */

/**
 * Lua that publishes an entry; the arguments are Lua expressions. Without permission to publish, readers are slower, so that is
 * no error.
 */
export const publishEntryLua = (entry: {
  key: string;
  before: string;
  id: string;
  type: string;
  event: string;
}): string =>
  `redis.pcall('PUBLISH', ${entry.key}, ` +
  `${entry.before} .. ' ' .. ${entry.id} .. ' ' .. ${entry.type} .. ' ' .. ${entry.event})`;

export interface PublishedEntry {
  before: EventId;
  entry: StreamEntry;
}

const SPACE = 32;

/** @returns null for a message that is none of ours */
export function parsePublishedEntry(message: Buffer): PublishedEntry | null {
  const first = message.indexOf(SPACE);
  const second = message.indexOf(SPACE, first + 1);
  const third = message.indexOf(SPACE, second + 1);
  if (first < 0 || second < 0 || third < 0) return null;
  const before = parseEventId(message.toString('latin1', 0, first));
  const id = parseEventId(message.toString('latin1', first + 1, second));
  if (!before || !id) return null;
  const type = message.toString('latin1', second + 1, third);
  return { before, entry: { id, type, event: message.subarray(third + 1) } };
}
