import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { compareEventIds, type EventId, toEntryId } from '@saas-codex/contracts/event-ids';
import type { Redis } from 'ioredis';
import { parsePublishedEntry } from './published-entry.js';
import { lastEntryId, type StreamEntry, toStreamEntry } from './stream-entry.js';

/*
 * Reads every stream that a process watches. The streams are the truth, and pub/sub is the speed: an entry is published by the
 * script that appends it, and the stream itself is read only where a message may be missing.
 *
 *     message that follows the cursor ────────────────────────► the watch, at once
 *     any other message ──┐
 *     a new watch ────────┼─► XREAD of these streams, together ─► the watch
 *     a new connection ───┤
 *     every 2 seconds ────┘  (writers of an earlier version, or without permission, do not publish)
 *
 * To name every stream in a blocking XREAD instead costs several times as much for each entry.
 */

export interface Watch {
  /** Entries after the cursor, in order; never empty. */
  onEntries(entries: StreamEntry[]): void;
  /** The stream ends before the cursor: it was lost, in whole or in part. The reader has stopped watching it. */
  onLost(): void;
}

interface Watched extends Watch {
  cursor: EventId;
  /** Entries that have come in this turn of the event loop, which are handed over together. */
  arrived: StreamEntry[];
}

const POLL_MS = 2_000;
/** Every so many polls, the connection of messages and the ends of the streams are checked. */
const POLLS_PER_CHECK = 8;
const COUNT = 512;
const STREAMS_AT_ONCE = 500;
const RETRY_MS = 500;

export class StreamReader {
  private readonly logger = new Logger(StreamReader.name);
  private readonly subscriber: Redis;
  private readonly watched = new Map<string, Watched>();
  /** Streams that have to be read, because a message may be missing. */
  private readonly behind = new Set<string>();
  private readonly arrivals = new Set<Watched>();
  private readonly timer = setInterval(() => this.poll(), POLL_MS).unref();
  private readonly onReady = () => void this.recover();
  private polls = 0;
  private reading = false;
  private closed = false;
  private failing = false;

  /** @param redis a connection for short commands; a copy of it gets the messages. */
  constructor(private readonly redis: Redis) {
    this.subscriber = redis.duplicate({
      lazyConnect: true,
      maxRetriesPerRequest: null,
      // It is pinged more often: a longer silence means that the connection is dead.
      socketTimeout: 2 * POLLS_PER_CHECK * POLL_MS,
    });
    this.subscriber.on('error', (error) => this.logger.debug(`connection of messages: ${error.message}`));
    this.subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) =>
      this.receive(channel.toString('latin1'), message),
    );
    this.subscriber.on('ready', () => void this.readAfterSubscribing());
    redis.on('ready', this.onReady);
  }

  /**
   * Delivers every entry after `after` to the watch. There is one watch per key.
   * @returns a function that ends the watch
   */
  watchStream(key: string, after: EventId, watch: Watch): () => void {
    const watched: Watched = {
      cursor: after,
      arrived: [],
      onEntries: (entries) => watch.onEntries(entries),
      onLost: () => watch.onLost(),
    };
    this.watched.set(key, watched);
    this.subscriber
      .subscribe(key)
      .catch((error: unknown) => this.warnOnce(`subscribing failed, reading instead: ${String(error)}`))
      .finally(() => this.readSoon([key]));
    return () => {
      if (this.watched.get(key) === watched) this.unwatch(key);
    };
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    this.redis.off('ready', this.onReady);
    this.watched.clear();
    this.subscriber.disconnect();
  }

  private unwatch(key: string): void {
    this.watched.delete(key);
    this.behind.delete(key);
    this.subscriber.unsubscribe(key).catch(() => undefined);
  }

  private receive(key: string, message: Buffer): void {
    const watched = this.watched.get(key);
    const published = watched && parsePublishedEntry(message);
    if (!published || compareEventIds(published.entry.id, watched.cursor) <= 0) return;
    if (compareEventIds(published.before, watched.cursor) !== 0) return this.readSoon([key]);
    watched.cursor = published.entry.id;
    watched.arrived.push(published.entry);
    if (this.arrivals.size === 0) process.nextTick(() => this.deliverArrivals());
    this.arrivals.add(watched);
  }

  /** Hands over what has come in one packet, so that each client gets it in one write. */
  private deliverArrivals(): void {
    const arrivals = [...this.arrivals];
    this.arrivals.clear();
    for (const watched of arrivals) this.deliver(watched, []);
  }

  private deliver(watched: Watched, more: StreamEntry[]): void {
    const entries = [...watched.arrived, ...more];
    watched.arrived = [];
    if (entries.length > 0) watched.onEntries(entries);
  }

  private readSoon(keys: Iterable<string>): void {
    for (const key of keys) if (this.watched.has(key)) this.behind.add(key);
    if (!this.reading) void this.readBehind();
  }

  private async readBehind(): Promise<void> {
    this.reading = true;
    while (!this.closed && this.behind.size > 0) {
      const keys = [...this.behind].slice(0, STREAMS_AT_ONCE);
      for (const key of keys) this.behind.delete(key);
      try {
        await this.read(keys);
        this.failing = false;
      } catch (error) {
        if (this.closed) break;
        this.warnOnce(`reading streams failed, trying again: ${(error as Error).message}`);
        for (const key of keys) if (this.watched.has(key)) this.behind.add(key);
        await delay(RETRY_MS);
      }
    }
    this.reading = false;
  }

  private async read(keys: string[]): Promise<void> {
    const asked = keys.flatMap((key) => {
      const watched = this.watched.get(key);
      return watched ? [{ key, watched, id: toEntryId(watched.cursor) }] : [];
    });
    if (asked.length === 0) return;
    const ids = asked.map(({ id }) => id);
    const reply = await this.redis.xreadBuffer(
      'COUNT',
      COUNT,
      'STREAMS',
      ...asked.map(({ key }) => key),
      ...ids,
    );
    const byKey = new Map(asked.map(({ key, watched }) => [key, watched]));
    for (const [rawKey, raw] of reply ?? []) {
      const key = rawKey.toString('latin1');
      const watched = byKey.get(key);
      if (!watched || this.watched.get(key) !== watched) continue;
      if (raw.length === COUNT) this.behind.add(key);
      // Messages may have brought some of them meanwhile.
      const entries = raw
        .map(toStreamEntry)
        .filter((entry) => entry !== null && compareEventIds(entry.id, watched.cursor) > 0) as StreamEntry[];
      watched.cursor = entries.at(-1)?.id ?? watched.cursor;
      this.deliver(watched, entries);
    }
  }

  private poll(): void {
    this.readSoon(this.watched.keys());
    if (++this.polls % POLLS_PER_CHECK !== 0) return;
    if (this.subscriber.status === 'ready') this.subscriber.ping().catch(() => undefined);
    this.dropLost().catch(() => undefined);
  }

  /** What was published while the connection was away has to be read. */
  private async readAfterSubscribing(): Promise<void> {
    // By the time of the answer Redis has got the subscriptions, which were sent before.
    await this.subscriber.ping().catch(() => undefined);
    if (!this.closed) this.readSoon(this.watched.keys());
  }

  /** Redis may have come back with less than it had. */
  private async recover(): Promise<void> {
    await this.dropLost().catch(() => undefined);
    if (!this.closed) this.readSoon(this.watched.keys());
  }

  /** XREAD gives nothing, without an error, when a stream ends before the cursor. So compare the cursor with the last id. */
  private async dropLost(): Promise<void> {
    const checks = [...this.watched].map(async ([key, watched]) => {
      const { cursor } = watched;
      const last = await lastEntryId(this.redis, key);
      if (compareEventIds(last, cursor) >= 0 || this.watched.get(key) !== watched) return;
      this.unwatch(key);
      watched.onLost();
    });
    await Promise.all(checks);
  }

  private warnOnce(message: string): void {
    if (!this.failing && !this.closed) this.logger.warn(message);
    this.failing = true;
  }
}
