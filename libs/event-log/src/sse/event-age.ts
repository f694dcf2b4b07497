import type { StreamEntry } from '../redis-stream/stream-reader.js';

/** `at` comes early in an envelope, before what the event is about, which may be long. */
const HEAD_BYTES = 512;
const WRITTEN_AT = /"at":"([^"]{1,40})"/;

/**
 * How old an entry is, in seconds, by its writer's clock and ours. Looks at the entry's first bytes instead of parsing it.
 * @returns null when they do not tell
 */
export function ageOf({ event }: StreamEntry, now = Date.now()): number | null {
  const at = WRITTEN_AT.exec(event.subarray(0, HEAD_BYTES).toString('latin1'))?.[1];
  const writtenAt = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isNaN(writtenAt) ? null : Math.max(0, (now - writtenAt) / 1_000);
}
