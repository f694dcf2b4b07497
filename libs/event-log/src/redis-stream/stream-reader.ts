import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { compareEventIds, type EventId, parseEventId, toEntryId } from '@saas-codex/contracts/event-ids';
import type { Redis } from 'ioredis';
import { lastEntryId, type StreamEntry, toStreamEntry } from './stream-entry.js';

/*
 * One blocking Redis connection that reads every stream a process watches.
 *
 *     watch(key, after) ─┐   ┌─ XREAD BLOCK streams k1 k2 … ids … ─► entries to their watch
 *     unwatch()         ─┴─► │
 *                            └─ CLIENT UNBLOCK, over the other connection, whenever the set has grown
 *
 * One connection serves one watched stream or a thousand. While a batch is delivered, the next one gathers in Redis, so
 * batches grow with the load. The cost of an XREAD grows with the number of streams that it names, so the reader pauses
 * longer between two reads when it watches more streams.
 */

export interface Watch {
  /** Entries after the cursor, in order; never empty. */
  onEntries(entries: StreamEntry[]): void;
  /** The stream ends before the cursor: it was lost, in whole or in part. The reader has stopped watching it. */
  onLost(): void;
}

interface Watched extends Watch {
  key: string;
  cursor: EventId;
}

const BLOCK_MS = 15_000;
const COUNT = 512;
const RETRY_MS = 500;
/** The reader pauses for 1 ms per this many streams: 5 ms for 1,000. */
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
  /** Grows with every XREAD, so that an interruption can see whether the XREAD that it meant has returned. */
  private round = 0;
  private blocked = false;

  /** @param control a connection for short commands; the blocking one is a copy of it. */
  constructor(private readonly control: Redis) {
    // When the connection breaks, XREAD fails at once (0 retries). The loop then starts again on the next connection, and
    // asks for its id first. Redis answers within BLOCK_MS; a longer silence means that the connection is dead.
    this.reader = control.duplicate({
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      socketTimeout: BLOCK_MS + 10_000,
      lazyConnect: true,
    });
    this.reader.on('error', (error) => this.logger.debug(`reader connection: ${error.message}`));
  }

  /**
   * Delivers every entry after `after` to the watch. There is one watch per key.
   * @returns a function that ends the watch
   */
  watchStream(key: string, after: EventId, watch: Watch): () => void {
    const watched: Watched = {
      key,
      cursor: after,
      onEntries: (e) => watch.onEntries(e),
      onLost: () => watch.onLost(),
    };
    this.watched.set(key, watched);
    if (this.looping) void this.interrupt();
    else this.running = this.readLoop();
    return () => {
      // No interruption is needed: the XREAD that still names the key returns by itself, and its entries are ignored.
      if (this.watched.get(key) === watched) this.watched.delete(key);
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.watched.clear();
    this.reader.disconnect();
    await this.running;
  }

  private async readLoop(): Promise<void> {
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
    // If the key was unwatched and watched again meanwhile, its cursor may differ from the one that this XREAD had.
    if (!watched || !last || !asked || compareEventIds(watched.cursor, asked) !== 0) return;
    watched.cursor = last;
    const entries = raw.map(toStreamEntry).filter((entry) => entry !== null);
    if (entries.length > 0) watched.onEntries(entries);
  }

  /** Makes a blocked XREAD return, so that the next one names the new streams too. */
  private async interrupt(): Promise<void> {
    const round = this.round;
    // UNBLOCK can overtake the XREAD that it is meant for, since they use different connections. Then it is repeated.
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

  /** XREAD waits for ever, without an error, when a stream ends before the cursor. So compare the cursor with the last id. */
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
