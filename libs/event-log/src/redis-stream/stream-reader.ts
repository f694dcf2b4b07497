import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import {
  BEFORE_FIRST_EVENT,
  compareEventIds,
  type EventId,
  parseEventId,
  toEntryId,
} from '@saas-codex/contracts/event-ids';
import { STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';

/*
 * One blocking Redis connection that reads every stream a process watches.
 *
 *     watch(key, after) ─┐   ┌─ XREAD BLOCK streams k1 k2 … ids … ─► entries to their watch
 *     unwatch()         ─┴─► │
 *                            └─ CLIENT UNBLOCK, over the other connection, whenever the set has grown
 *
 * There is one connection for one watched stream and for a thousand, and while a batch is handed out the next one gathers
 * in Redis, so that batches grow with the load by themselves. An XREAD costs by the streams that it names: the more there
 * are, the longer the next one gathers.
 */

/** One stream entry; `type` and `event` are the wire bytes as the writer made them. */
export interface StreamEntry {
  id: EventId;
  type: string;
  event: Buffer;
}

export interface Watch {
  /** Entries behind the cursor, in order; never empty. */
  onEntries(entries: StreamEntry[]): void;
  /** The stream ends before the cursor: it was lost, whole or in part. It is not watched any more. */
  onLost(): void;
}

interface Watched extends Watch {
  key: string;
  cursor: EventId;
}

const BLOCK_MS = 15_000;
const COUNT = 512;
const RETRY_MS = 500;
/** Streams that are worth a millisecond of gathering: 5 ms for 1,000. */
const STREAMS_PER_MS = 200;

export class StreamReader {
  private readonly logger = new Logger(StreamReader.name);
  private readonly reader: Redis;
  private readonly watched = new Map<string, Watched>();
  private closed = false;
  /** Redis's id of the blocking connection; null while it is not connected. */
  private readerId: number | null = null;
  private looping = false;
  private running: Promise<void> = Promise.resolve();
  /** Grows with every XREAD; tells an interruption whether the XREAD that it meant has returned. */
  private round = 0;
  private blocked = false;

  /** @param control a connection for short commands; the blocking one is a copy of it. */
  constructor(private readonly control: Redis) {
    // When the connection breaks, XREAD fails at once (0 retries) and the loop starts anew on the next connection,
    // whose id it must learn first. Redis answers within BLOCK_MS; silence for longer means a dead connection.
    this.reader = control.duplicate({
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      socketTimeout: BLOCK_MS + 10_000,
      lazyConnect: true,
    });
    this.reader.on('error', (error) => this.logger.debug(`reader connection: ${error.message}`));
  }

  /**
   * Hands every entry behind `after` to the watch, until the function that it returns is called. One watch per key.
   */
  watch(key: string, after: EventId, watch: Watch): () => void {
    const watched: Watched = {
      key,
      cursor: after,
      onEntries: (e) => watch.onEntries(e),
      onLost: () => watch.onLost(),
    };
    this.watched.set(key, watched);
    if (this.looping) void this.interrupt();
    else this.running = this.run();
    return () => {
      // Without an interruption: the XREAD that still names the key returns by itself, and nobody listens then.
      if (this.watched.get(key) === watched) this.watched.delete(key);
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.watched.clear();
    this.reader.disconnect();
    await this.running;
  }

  private async run(): Promise<void> {
    this.looping = true;
    let failing = false;
    while (!this.closed && this.watched.size > 0) {
      try {
        if (this.readerId === null) await this.connect();
        else await this.readOnce();
        failing = false;
      } catch (error) {
        if (this.closed) break;
        if (!failing) this.logger.warn(`reading streams failed, trying again: ${(error as Error).message}`);
        failing = true;
        this.readerId = null;
        await delay(RETRY_MS);
      }
    }
    this.looping = false;
  }

  private async connect(): Promise<void> {
    this.readerId = await this.reader.client('ID');
    // Redis may have come back with less than it had.
    await this.dropLost();
  }

  private async readOnce(): Promise<void> {
    const asked = new Map([...this.watched].map(([key, { cursor }]) => [key, cursor]));
    this.round += 1;
    this.blocked = true;
    const reply = await this.reader
      .xreadBuffer(
        'COUNT',
        COUNT,
        'BLOCK',
        BLOCK_MS,
        'STREAMS',
        ...asked.keys(),
        ...[...asked.values()].map(toEntryId),
      )
      .finally(() => (this.blocked = false));
    if (reply === null) await this.dropLost();
    for (const [rawKey, entries] of reply ?? []) {
      const key = rawKey.toString();
      this.deliver(key, asked.get(key), entries);
    }
    if (asked.size >= STREAMS_PER_MS) await delay(asked.size / STREAMS_PER_MS);
  }

  private deliver(key: string, asked: EventId | undefined, raw: [id: Buffer, fields: Buffer[]][]): void {
    const watched = this.watched.get(key);
    const last = parseEventId(raw.at(-1)?.[0].toString('latin1') ?? '');
    // A key that was watched anew meanwhile may have another cursor than this XREAD had: ahead or behind.
    if (!watched || !last || !asked || compareEventIds(watched.cursor, asked) !== 0) return;
    watched.cursor = last;
    const entries = raw.map(toStreamEntry).filter((entry) => entry !== null);
    if (entries.length > 0) watched.onEntries(entries);
  }

  /** Makes a blocked XREAD return, so that the next one names the streams that came meanwhile. */
  private async interrupt(): Promise<void> {
    const round = this.round;
    // UNBLOCK can overtake the XREAD that it is meant for, since they go over different connections: then again.
    while (this.blocked && this.round === round && !this.closed) {
      try {
        if (this.readerId === null || (await this.control.client('UNBLOCK', this.readerId)) === 1) return;
      } catch (error) {
        this.logger.warn(`CLIENT UNBLOCK failed: ${(error as Error).message}`);
        return;
      }
      await delay(1);
    }
  }

  /** XREAD says nothing when a stream ends before the cursor, and would wait for ever: compare with the last id. */
  private async dropLost(): Promise<void> {
    const checks = [...this.watched.values()].map(async (watched) => {
      const last = await lastEntryId(this.control, watched.key);
      if (compareEventIds(last, watched.cursor) >= 0 || this.watched.get(watched.key) !== watched) return;
      this.watched.delete(watched.key);
      watched.onLost();
    });
    await Promise.all(checks);
  }
}

/** Id of a stream's last entry; 0-0 when it has none. */
export async function lastEntryId(redis: Redis, key: string): Promise<EventId> {
  const [entry] = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
  return (entry && parseEventId(entry[0])) ?? BEFORE_FIRST_EVENT;
}

/** Up to `count` entries behind `after`. */
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

/** null for an entry that is none of ours. */
function toStreamEntry([rawId, fields]: [id: Buffer, fields: Buffer[]]): StreamEntry | null {
  const id = parseEventId(rawId.toString('latin1'));
  let type: Buffer | undefined;
  let event: Buffer | undefined;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]?.equals(TYPE)) type = fields[i + 1];
    else if (fields[i]?.equals(EVENT)) event = fields[i + 1];
  }
  return id && type && event ? { id, type: type.toString('latin1'), event } : null;
}
