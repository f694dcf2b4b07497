import type { IncomingMessage, ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { type EventId, toEntryId } from '@saas-codex/contracts/event-ids';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { lastEntryId, readEntries, type StreamEntry, StreamReader } from '../redis-stream/stream-reader.js';
import { cursorOf, openEventStream, toFrame } from '../sse/event-stream.js';
import { FeedRegistry } from '../sse/feed-registry.js';
import { Feed } from '../sse/feed.js';
import type { HistoryPage } from '../sse/feed-client.js';
import type { HubOptions } from '../sse/hub-options.js';
import type { Frame } from '../sse/wire-log.js';

/*
 * Serves `codex:activity` to browsers, each its tenant's part.
 *
 *     codex:activity ──one XREAD──► whose is it? ──► Feed of tenant A ──► client, client …
 *                                                └─► Feed of tenant B ──► client …
 *
 * An entry is looked into once per process, to learn its tenant; the bytes that go out are the writer's.
 */

const HISTORY_PAGE_ENTRIES = 500;
/** By how much Redis's clock may be ahead of ours. */
const CLOCK_SKEW_MS = 60_000;
const Tenanted = z.object({ tenant_id: z.string() });

export class ActivityHub {
  private readonly logger = new Logger(ActivityHub.name);
  private readonly reader: StreamReader;
  private readonly feeds: FeedRegistry;
  private readonly onLive: HubOptions['onLive'];
  private readonly feedOf = new Map<string, Feed>();
  private reading: Promise<void> | null = null;
  /** How far the stream has been handed out. */
  private cursor: EventId;

  /** @param redis a connection for short commands; the hub makes one more for reading. */
  constructor(
    private readonly redis: Redis,
    { ticker, onLive }: HubOptions = {},
  ) {
    this.reader = new StreamReader(redis);
    this.feeds = new FeedRegistry(ticker);
    this.onLive = onLive;
  }

  get clientCount(): number {
    return this.feeds.clientCount;
  }

  async open(tenantId: string): Promise<Feed> {
    await (this.reading ??= this.startReading());
    return this.feeds.get(tenantId, async () => {
      // From here on, in the same step as the cursor is read, the feed gets what is handed out.
      const feed = new Feed(this.cursor, (after) => this.readHistory(tenantId, after));
      this.feedOf.set(tenantId, feed);
      return { feed, close: () => this.feedOf.delete(tenantId) };
    });
  }

  async close(): Promise<void> {
    this.feeds.close();
    await this.reader.close();
  }

  private async startReading(): Promise<void> {
    try {
      this.cursor = await lastEntryId(this.redis, REDIS_KEYS.activity);
    } catch (error) {
      this.reading = null;
      throw error;
    }
    this.watch();
  }

  private watch(): void {
    this.reader.watch(REDIS_KEYS.activity, this.cursor, {
      onEntries: (entries) => this.handOut(entries),
      // Emptied: what comes next has a later id all the same, since ids are times.
      onLost: () => setImmediate(() => this.watch()),
    });
  }

  private handOut(entries: StreamEntry[]): void {
    this.cursor = entries.at(-1)?.id ?? this.cursor;
    const batches = new Map<Feed, Frame[]>();
    for (const entry of entries) {
      const feed = this.feedOf.get(this.tenantOf(entry) ?? '');
      if (!feed) continue;
      const batch = batches.get(feed) ?? [];
      batch.push(toActivityFrame(entry));
      batches.set(feed, batch);
    }
    for (const [feed, frames] of batches) feed.append(frames);
    this.onLive?.(entries);
  }

  private async readHistory(tenantId: string, after: EventId): Promise<HistoryPage> {
    const entries = await readEntries(this.redis, REDIS_KEYS.activity, after, HISTORY_PAGE_ENTRIES);
    const own = entries.filter((entry) => this.tenantOf(entry) === tenantId);
    return {
      bytes: Buffer.concat(own.map((entry) => toActivityFrame(entry).bytes)),
      lastId: entries.at(-1)?.id ?? null,
      ended: false,
    };
  }

  /** null for an entry that cannot be read; nobody gets it. */
  private tenantOf({ id, event }: StreamEntry): string | null {
    try {
      return Tenanted.parse(JSON.parse(event.toString())).tenant_id;
    } catch {
      this.logger.error(`entry ${toEntryId(id)} of ${REDIS_KEYS.activity} cannot be read, nobody gets it`);
      return null;
    }
  }
}

/**
 * Answers a request with its tenant's activities: replay from its cursor, or from now on, then live. The cursor may be ahead of
 * this hub: the client got it from another process, which had read further.
 * @throws ProblemError invalid_cursor
 */
export async function serveActivity(
  hub: ActivityHub,
  req: IncomingMessage,
  res: ServerResponse,
  tenantId: string,
): Promise<void> {
  const cursor = cursorOf(req);
  // Ids are times in ms, of Redis's clock.
  if (cursor && cursor.seq > Date.now() + CLOCK_SKEW_MS) throw notYet();
  const feed = await hub.open(tenantId);
  if (res.destroyed || !openEventStream(req, res)) return;
  feed.subscribe(res, cursor ?? feed.log.lastId);
}

const notYet = () =>
  new ProblemError('invalid_cursor', 'There is no such activity yet. Leave the id out to go on from now on.');

const toActivityFrame = ({ id, type, event }: StreamEntry): Frame => ({
  id,
  bytes: toFrame(toEntryId(id), type, event),
});
