import type { IncomingMessage, ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { compareEventIds, type EventId, parseEventId, toEntryId } from '@saas-codex/contracts/event-ids';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { z } from 'zod';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { lastEntryId, readEntries, type StreamEntry } from '../redis-stream/stream-entry.js';
import { cursorOf, openEventStream, RESYNC_FRAME, toFrame } from '../sse/event-stream.js';
import { Hub } from '../sse/hub.js';
import { Feed } from '../sse/feed.js';
import { type HistoryPage, WHOLE_FEED } from '../sse/feed-client.js';
import type { SseConnection } from '../sse/sse-connection.js';
import type { Frame } from '../sse/wire-log.js';

/*
 * Serves each tenant's activity stream to its browsers.
 *
 *     codex:activity:A ──┐            ┌─► Feed of tenant A ──► client, client …
 *     codex:activity:B ──┴────────────┴─► Feed of tenant B ──► client …
 *
 * The hub reads the streams of the tenants that are watched here. It looks into each entry once, to check its tenant; the
 * bytes that go out are the writer's.
 */

const HISTORY_PAGE_ENTRIES = 500;
/** How far Redis's clock may be ahead of ours. */
const CLOCK_SKEW_MS = 60_000;
const Tenanted = z.object({ tenant_id: z.string() });

export class ActivityHub extends Hub {
  private readonly logger = new Logger(ActivityHub.name);

  openFeed(tenantId: string): Promise<Feed> {
    return this.feeds.get(tenantId, async () => {
      const feed = new Feed(await lastEntryId(this.redis, REDIS_KEYS.activity(tenantId)), (after) =>
        this.readHistory(tenantId, after),
      );
      return { feed, close: this.watch(tenantId, feed) };
    });
  }

  /** Keeps the feed up to date until the function that it returns is called. */
  private watch(tenantId: string, feed: Feed): () => void {
    let unwatch: () => void = () => undefined;
    let closed = false;
    let cursor = feed.log.lastId;
    const watchAgain = () => {
      if (closed) return;
      unwatch = this.reader.watchStream(REDIS_KEYS.activity(tenantId), cursor, {
        onEntries: (entries) => {
          cursor = entries.at(-1)?.id ?? cursor;
          feed.appendFrames(this.ownEntries(tenantId, entries).map(toActivityFrame));
          this.onLive?.(entries);
        },
        // Redis has lost the stream. Ids are times, so what comes next has a later id all the same.
        onLost: () => setImmediate(watchAgain),
      });
    };
    watchAgain();
    return () => {
      closed = true;
      unwatch();
    };
  }

  /** Whether activities after this one may be gone: the stream was trimmed beyond it, or lost. */
  async hasLost(tenantId: string, after: EventId): Promise<boolean> {
    const [first] = await this.redis.xrange(REDIS_KEYS.activity(tenantId), '-', '+', 'COUNT', 1);
    const firstId = first && parseEventId(first[0]);
    return !firstId || compareEventIds(after, firstId) < 0;
  }

  private async readHistory(tenantId: string, after: EventId): Promise<HistoryPage> {
    const entries = await readEntries(this.redis, REDIS_KEYS.activity(tenantId), after, HISTORY_PAGE_ENTRIES);
    const frames = this.ownEntries(tenantId, entries).map(toActivityFrame);
    return {
      frames,
      lastId: entries.at(-1)?.id ?? null,
      ended: false,
      isAfterGap: false,
    };
  }

  /** An entry that cannot be read, or that names another tenant, is a writer's mistake and goes to no client. */
  private ownEntries(tenantId: string, entries: StreamEntry[]): StreamEntry[] {
    return entries.filter(({ id, event }) => {
      if (tenantOf(event) === tenantId) return true;
      this.logger.error(
        `entry ${toEntryId(id)} of ${REDIS_KEYS.activity(tenantId)} is not an activity of this tenant`,
      );
      return false;
    });
  }
}

function tenantOf(event: Buffer): string | null {
  try {
    return Tenanted.parse(JSON.parse(event.toString())).tenant_id;
  } catch {
    return null;
  }
}

/**
 * Answers a request with its tenant's activities: replay from its cursor, or from now on, then live. The cursor may be ahead
 * of this hub when the client got it from another process, which had read further. `resync` comes first when activities after the
 * cursor may be gone.
 * @param view which of them the client gets
 * @returns the answer, for further feeds; null when only the headers were asked for, or the client has disconnected
 * @throws ProblemError invalid_cursor
 */
export async function serveActivity(
  hub: ActivityHub,
  req: IncomingMessage,
  res: ServerResponse,
  tenantId: string,
  view = WHOLE_FEED,
): Promise<SseConnection | null> {
  const cursor = cursorOf(req);
  // Ids are times in ms, of Redis's clock.
  if (cursor && cursor.seq > Date.now() + CLOCK_SKEW_MS) throw cursorInFuture();
  const feed = await hub.openFeed(tenantId);
  // 0 asks for whatever there is.
  const isAfterGap = cursor !== null && cursor.seq > 0 && (await hub.hasLost(tenantId, cursor));
  const connection = openEventStream(req, res);
  if (!connection) return null;
  if (isAfterGap) connection.send(RESYNC_FRAME);
  feed.attach(connection, cursor ?? feed.log.lastId, view);
  return connection;
}

const cursorInFuture = () =>
  new ProblemError('invalid_cursor', 'There is no such activity yet. Omit the id to continue from now on.');

const toActivityFrame = ({ id, type, event }: StreamEntry): Frame => ({
  id,
  bytes: toFrame(toEntryId(id), type, event),
});
