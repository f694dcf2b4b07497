import type { IncomingMessage, ServerResponse } from 'node:http';
import { BEFORE_FIRST_EVENT, compareEventIds, type EventId, toWireId } from '@saas-codex/contracts/event-ids';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { lastEntryId, type StreamEntry } from '../redis-stream/stream-entry.js';
import { cursorOf, openEventStream, toFrame } from '../sse/event-stream.js';
import { Hub } from '../sse/hub.js';
import { Feed } from '../sse/feed.js';
import { type HistoryPage, WHOLE_FEED } from '../sse/feed-client.js';
import type { Frame } from '../sse/wire-log.js';
import { RunLogReader, type RunLogSources, untilTerminal } from './run-log.reader.js';

/*
 * Serves run logs to all clients that watch them in this process.
 *
 *     Redis streams, messages ───► Feed of run A: ready bytes ──► client, client, client …
 *                                  Feed of run B: ready bytes ──► client …
 *
 * What a client receives, over any number of connections, is the log: each event once, in order, up to the first
 * terminal one. While it is watched, a short log is kept whole and a long one only in part: its end. A client that starts
 * before that part reads pages until it has reached it. The pages come from Redis, or from the archive, which gets the
 * whole log without its deltas when the run has ended.
 */

/** Logs of up to this many entries are read from their beginning when the first client comes. */
const WHOLE_LOG_ENTRIES = 2_000;
const HISTORY_PAGE_ENTRIES = 200;

export class RunLogHub extends Hub {
  /**
   * The log of a run, for a client that has the events up to `after`; the run may not have started yet.
   * @throws ProblemError invalid_cursor when the log does not reach as far as `after`.
   */
  async openFeed(runId: string, after: EventId, sources: RunLogSources = {}): Promise<Feed> {
    const get = () => this.feeds.get(runId, () => this.readFeed(runId, sources));
    let feed = await get();
    if (after.seq > feed.log.lastId.seq && isBehind(feed, await archivedId(sources))) {
      this.feeds.drop(runId);
      feed = await get();
    }
    if (after.seq > feed.log.lastId.seq) await this.checkReached(runId, after, feed, sources.refill);
    else if (feed.ended && after.delta > 0 && after.seq === feed.log.lastId.seq)
      throw notReached(after, feed.log.lastId);
    return feed;
  }

  private async readFeed(runId: string, sources: RunLogSources) {
    const key = REDIS_KEYS.runEvents(runId);
    const reader = new RunLogReader(this.redis, runId, sources);
    const archived = (await this.redis.exists(key)) === 0 ? await archivedId(sources) : null;
    const start = archived ? startOfArchived(archived) : await this.startOfStream(key, reader);
    const feed = new Feed(start.after, (after) => readHistory(reader, after));
    if (archived) {
      const { entries } = await reader.readAfter(start.after, WHOLE_LOG_ENTRIES);
      feed.appendFrames(entries.map(toRunFrame));
    }
    if (start.ended) feed.endFeed();
    const close = start.ended
      ? () => undefined
      : this.reader.watchStream(key, start.after, {
          onEntries: (entries) => {
            const log = untilTerminal(entries);
            feed.appendNumbered(log.entries.map(toRunFrame));
            this.onLive?.(log.entries);
            if (!log.ended) return;
            close();
            feed.endFeed();
          },
          onLost: () => this.feeds.drop(runId),
        });
    let checkedAt = start.after;
    const check = async () => {
      const isQuiet = compareEventIds(checkedAt, feed.log.lastId) === 0;
      checkedAt = feed.log.lastId;
      // A log that grows is not behind, so Postgres is asked about quiet ones alone.
      if (isQuiet && !feed.ended && isBehind(feed, await archivedId(sources))) this.feeds.drop(runId);
    };
    return { feed, close, check };
  }

  private async startOfStream(key: string, reader: RunLogReader): Promise<Start> {
    const isShort = (await this.redis.xlen(key)) <= WHOLE_LOG_ENTRIES;
    // What Redis lacks at the beginning comes from elsewhere, page by page.
    if (isShort && (await reader.isWholeInRedis())) return { after: BEFORE_FIRST_EVENT, ended: false };
    const { id, ended } = await reader.readEnd();
    return { after: id, ended };
  }

  /** A cursor that Redis does not reach is still valid when the log's spool has it: then Redis has lost the rest. */
  private async checkReached(
    runId: string,
    after: EventId,
    feed: Feed,
    refill: RunLogSources['refill'],
  ): Promise<void> {
    const lastId = () =>
      feed.ended ? feed.log.lastId : lastEntryId(this.redis, REDIS_KEYS.runEvents(runId));
    let last = await lastId();
    if (after.seq > last.seq && !feed.ended && refill) {
      await refill(after.seq);
      last = await lastId();
    }
    if (after.seq > last.seq) throw notReached(after, last);
  }
}

/** A stream may expire before its end was read here, for example while Redis was away. Then only the archive has it. */
const isBehind = (feed: Feed, archived: EventId | null): boolean =>
  archived !== null && archived.seq > feed.log.lastId.seq;

/** Where a feed's window begins: after `after`. */
interface Start {
  after: EventId;
  ended: boolean;
}

const startOfArchived = (lastId: EventId): Start => ({
  after: lastId.seq <= WHOLE_LOG_ENTRIES ? BEFORE_FIRST_EVENT : lastId,
  ended: true,
});

const notReached = (after: EventId, last: EventId) =>
  new ProblemError(
    'invalid_cursor',
    `The log has no event ${toWireId(after)}, its last one is ${toWireId(last)}. Read it again from its beginning.`,
  );

/**
 * Answers a request with the run's events: replay from its cursor, then live, then `end`. A reader who has the last event of an
 * ended log gets 204, after which an EventSource does not reconnect.
 */
export async function serveRunEvents(
  hub: RunLogHub,
  req: IncomingMessage,
  res: ServerResponse,
  runId: string,
  sources?: RunLogSources,
): Promise<void> {
  const after = cursorOf(req) ?? BEFORE_FIRST_EVENT;
  const feed = await hub.openFeed(runId, after, sources);
  if (feed.ended && compareEventIds(after, feed.log.lastId) === 0) return void res.writeHead(204).end();
  const connection = openEventStream(req, res);
  if (connection) feed.attach(connection, after, WHOLE_FEED);
}

/** A page of the log from before a feed's window. */
async function readHistory(reader: RunLogReader, after: EventId): Promise<HistoryPage> {
  const { entries, ended, isAfterGap } = await reader.readAfter(after, HISTORY_PAGE_ENTRIES);
  return { frames: entries.map(toRunFrame), lastId: entries.at(-1)?.id ?? null, ended, isAfterGap };
}

const archivedId = async ({ archive }: RunLogSources): Promise<EventId | null> =>
  (await archive?.lastId()) ?? null;

const toRunFrame = ({ id, type, event }: StreamEntry): Frame => ({
  id,
  bytes: toFrame(toWireId(id), type, event),
});
