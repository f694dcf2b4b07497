import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { ActivityType } from '@saas-codex/contracts/activity';
import { compareEventIds, type EventId, parseEventId, toEntryId } from '@saas-codex/contracts/event-ids';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { z } from 'zod';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { lastEntryId, readEntries, type StreamEntry } from '../redis-stream/stream-entry.js';
import { cursorOf, openEventStream, RESYNC_FRAME, toFrame } from '../sse/event-stream.js';
import { Hub } from '../sse/hub.js';
import type { HubOptions } from '../sse/feed-registry.js';
import { Feed } from '../sse/feed.js';
import { type FeedView, type HistoryPage, WHOLE_FEED } from '../sse/feed-client.js';
import type { SseConnection } from '../sse/sse-connection.js';
import type { Encoding, Frame } from '../sse/wire-log.js';

/*
 * Serves each tenant's activity stream to its browsers.
 *
 *     codex:activity:A ──┐            ┌─► Feed of tenant A ──► client, client …
 *     codex:activity:B ──┴────────────┴─► Feed of tenant B ──► client …
 *
 * The hub reads the streams of the tenants that are watched here. It looks into each entry once, to check its tenant and to ask who
 * may see its session; the bytes that go out are the writer's. What is private goes to its one reader.
 */

const HISTORY_PAGE_ENTRIES = 500;
/** How far Redis's clock may be ahead of ours. */
const CLOCK_SKEW_MS = 60_000;
/** How long it waits before it asks again who may see sessions. */
const ASK_AGAIN_MS = 1_000;
const Tenanted = z.object({
  tenant_id: z.string(),
  session_id: z.uuid().optional(),
  type: z.string().optional(),
  user_id: z.string().optional(),
});
/** They tell those who have seen a session that it is gone, and nothing of what was in it. */
const HIDDEN: ActivityType = 'session.hidden';
/** It is for the person that it names. */
const PERSONAL: ActivityType = 'session.read';
const FOR_ALL = new Set<string>(['session.deleted', HIDDEN] satisfies ActivityType[]);
/** Nobody has this id. */
const NOBODY = '';

/** Of the tenant's sessions with these ids those that exist, with the one person who may see each; null: everybody. */
export type ReadersOf = (
  tenantId: string,
  sessionIds: string[],
) => Promise<ReadonlyMap<string, string | null>>;

interface OwnEntry {
  entry: StreamEntry;
  sessionId: string | undefined;
  /** The only one who gets it; undefined: everybody who may see the session. */
  onlyFor: string | undefined;
}

export class ActivityHub extends Hub {
  private readonly logger = new Logger(ActivityHub.name);

  constructor(
    redis: Redis,
    private readonly readersOf: ReadersOf,
    options: HubOptions = {},
  ) {
    super(redis, options);
  }

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
    let appended = Promise.resolve();
    const append = async (entries: StreamEntry[], before: Promise<void>) => {
      await before;
      const frames = await this.liveFrames(tenantId, entries, () => closed);
      feed.appendFrames(frames);
      // What the window has of that session was for all. Whoever is behind reads it from the source, which asks anew.
      if (entries.some(({ type }) => type === HIDDEN)) feed.log.restartAfter(feed.log.lastId);
      this.onLive?.(entries);
    };
    const watchAgain = () => {
      if (closed) return;
      unwatch = this.reader.watchStream(REDIS_KEYS.activity(tenantId), cursor, {
        onEntries: (entries) => {
          cursor = entries.at(-1)?.id ?? cursor;
          appended = append(entries, appended);
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
    return {
      frames: await this.framesOf(tenantId, entries),
      lastId: entries.at(-1)?.id ?? null,
      ended: false,
      isAfterGap: false,
    };
  }

  /** Nothing is sent before it is known who may have it. */
  private async liveFrames(
    tenantId: string,
    entries: StreamEntry[],
    isClosed: () => boolean,
  ): Promise<Frame[]> {
    while (!isClosed()) {
      try {
        return await this.framesOf(tenantId, entries);
      } catch (error) {
        this.logger.warn(`activities wait until it is known who may see their sessions: ${String(error)}`);
        await delay(ASK_AGAIN_MS, undefined, { ref: false });
      }
    }
    return [];
  }

  private async framesOf(tenantId: string, entries: StreamEntry[]): Promise<Frame[]> {
    const own = this.ownEntries(tenantId, entries);
    const ids = [...new Set(own.flatMap(({ sessionId }) => sessionId ?? []))];
    const readers = ids.length > 0 ? await this.readersOf(tenantId, ids) : new Map<string, string | null>();
    return own.map(({ entry, sessionId, onlyFor }) => {
      const reader =
        sessionId === undefined ? null : readers.has(sessionId) ? readers.get(sessionId) : NOBODY;
      const mayHave = reader === null || reader === undefined || reader === onlyFor;
      const privateTo = onlyFor === undefined ? reader : mayHave ? onlyFor : NOBODY;
      return toActivityFrame(entry, privateTo ?? undefined);
    });
  }

  /** An entry that cannot be read, or that names another tenant, is a writer's mistake and goes to no client. */
  private ownEntries(tenantId: string, entries: StreamEntry[]): OwnEntry[] {
    return entries.flatMap((entry) => {
      const activity = tenantedIn(entry.event);
      if (activity?.tenant_id === tenantId) {
        const isForAll = FOR_ALL.has(activity.type ?? '');
        const sessionId = isForAll ? undefined : activity.session_id;
        const onlyFor = activity.type === PERSONAL ? (activity.user_id ?? NOBODY) : undefined;
        return [{ entry, sessionId, onlyFor }];
      }
      this.logger.error(
        `entry ${toEntryId(entry.id)} of ${REDIS_KEYS.activity(tenantId)} is not an activity of this tenant`,
      );
      return [];
    });
  }
}

function tenantedIn(event: Buffer): z.infer<typeof Tenanted> | null {
  try {
    return Tenanted.parse(JSON.parse(event.toString()));
  } catch {
    return null;
  }
}

/** What one person gets of their tenant's activities. */
export const ownActivityView = (readerId: string): FeedView => {
  const encode: Encoding = (frames) =>
    Buffer.concat(
      frames.flatMap(({ bytes, privateTo }) =>
        privateTo === undefined || privateTo === readerId ? [bytes] : [],
      ),
    );
  return { ...WHOLE_FEED, encode };
};

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
  view: FeedView,
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

const toActivityFrame = ({ id, type, event }: StreamEntry, privateTo?: string): Frame => ({
  id,
  privateTo,
  bytes: toFrame(toEntryId(id), type, event),
});
