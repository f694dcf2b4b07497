/**
 * Positions in a run's event log. A durable event is `n` on the wire and `n-0` in Redis; the short-lived deltas
 * after it are `n-1`, `n-2` … in both. `0-0` (wire: `0`) stands before the first event.
 *
 *     1-0        2-0  2-1  2-2  2-3  3-0
 *     run.started item.started  deltas…  item.completed
 */
export interface EventId {
  /** Number of the durable event, from 1; 0 is before the first. */
  seq: number;
  /** 0 for the durable event, 1… for the deltas after it. */
  delta: number;
}

export const BEFORE_FIRST_EVENT: EventId = { seq: 0, delta: 0 };

const PATTERN = /^(0|[1-9]\d{0,14})(?:-(0|[1-9]\d{0,14}))?$/;

/** Parses `5`, `5-0` or `5-3`; null when it is none of them. */
export function parseEventId(text: string): EventId | null {
  const match = PATTERN.exec(text);
  return match ? { seq: Number(match[1]), delta: Number(match[2] ?? 0) } : null;
}

/** The SSE `id`: `5` or `5-3`. */
export const toWireId = ({ seq, delta }: EventId): string => (delta === 0 ? `${seq}` : `${seq}-${delta}`);

/** The Redis entry id: `5-0` or `5-3`. */
export const toEntryId = ({ seq, delta }: EventId): string => `${seq}-${delta}`;

export const compareEventIds = (a: EventId, b: EventId): number => a.seq - b.seq || a.delta - b.delta;
