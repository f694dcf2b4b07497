import { BEFORE_FIRST_EVENT, type EventId, parseEventId } from '@saas-codex/contracts/event-ids';
import { isTerminalEventType } from '@saas-codex/contracts/events';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { fieldOf, readEntries, type StreamEntry } from '../redis-stream/stream-entry.js';

/*
 * Reads a run's log from wherever it is:
 *
 *     Redis      while the log continues there without a gap
 *     archive    when the run has ended: the whole log, without deltas
 *     spool      what Redis does not have of a run that is not archived
 *
 * What none of them has is lost, and the reader is told.
 */

/** The permanent copy of one run's log. */
export interface RunLogArchive {
  /** Id of the log's last event; null: it is not archived. */
  lastId(): Promise<EventId | null>;
  /** Up to `count` durable events after `after`. */
  read(after: EventId, count: number): Promise<StreamEntry[]>;
}

/** Where the log of one run is, besides Redis. */
export interface RunLogSources {
  archive?: RunLogArchive;
  /** Up to `count` durable events after `after`, from the run's spool. */
  readSpool?: (after: EventId, count: number) => Promise<StreamEntry[]>;
  /** Gives Redis the part of the log that it has lost, if the log reaches as far as the event `seq`. */
  refill?: (seq: number) => Promise<unknown>;
}

/** What follows an event. */
export interface LogPart {
  /** In order, up to the first terminal one; empty at the end of the log, or where it has been written so far. */
  entries: StreamEntry[];
  /** The log's last event is in it. */
  ended: boolean;
  /** Durable events before the first entry are lost. */
  isAfterGap: boolean;
}

export class RunLogReader {
  private readonly key: string;

  constructor(
    private readonly redis: Redis,
    runId: string,
    private readonly sources: RunLogSources = {},
  ) {
    this.key = REDIS_KEYS.runEvents(runId);
  }

  /** Up to `count` entries after `after`. */
  async readAfter(after: EventId, count: number): Promise<LogPart> {
    const inRedis = await readEntries(this.redis, this.key, after, count);
    if (continues(inRedis, after)) return untilTerminal(inRedis);
    const { archive, readSpool } = this.sources;
    const archived = (await archive?.read(after, count)) ?? [];
    if (continues(archived, after)) return untilTerminal(archived);
    if (inRedis.length === 0) return untilTerminal([]);
    const spooled = (await readSpool?.(after, count)) ?? [];
    if (continues(spooled, after)) return untilTerminal(spooled);
    return { ...untilTerminal(inRedis), isAfterGap: true };
  }

  /** The log's last entry. */
  async readEnd(): Promise<{ id: EventId; ended: boolean }> {
    const [last] = await this.redis.xrevrange(this.key, '+', '-', 'COUNT', 1);
    if (last) {
      const [id, fields] = last;
      const ended = isTerminalEventType(fieldOf(fields, STREAM_FIELDS.type) ?? '');
      return { id: parseEventId(id) ?? BEFORE_FIRST_EVENT, ended };
    }
    const archived = (await this.sources.archive?.lastId()) ?? null;
    return { id: archived ?? BEFORE_FIRST_EVENT, ended: archived !== null };
  }

  /** Whether Redis has the log from its first event on; also when it has none of it. */
  async isWholeInRedis(): Promise<boolean> {
    const [first] = await this.redis.xrange(this.key, '-', '+', 'COUNT', 1);
    return first === undefined || parseEventId(first[0])?.seq === 1;
  }
}

const continues = ([first]: StreamEntry[], after: EventId): boolean =>
  first !== undefined && first.id.seq <= after.seq + 1;

/** The log ends with its first terminal event; what follows does not belong to it. */
export function untilTerminal(entries: StreamEntry[]): LogPart {
  const index = entries.findIndex(({ type }) => isTerminalEventType(type));
  return index < 0
    ? { entries, ended: false, isAfterGap: false }
    : { entries: entries.slice(0, index + 1), ended: true, isAfterGap: false };
}
