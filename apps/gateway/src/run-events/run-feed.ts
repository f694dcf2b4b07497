import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { BEFORE_FIRST_EVENT, compareEventIds, type EventId } from '@saas-codex/contracts/event-ids';
import { Feed } from '@saas-codex/event-log/sse/feed';
import type { HistoryPage } from '@saas-codex/event-log/sse/feed-client';
import type { Frame } from '@saas-codex/event-log/sse/wire-log';
import { type Permission, permissionIn } from './permissions.js';
import { RefusedError, type RunStream } from './run-stream.js';
import { SseFrames } from './sse-frames.js';

/** How long the backend may be unavailable before the clients are disconnected. */
const RESUME_TIMEOUT_MS = 10_000;
const RETRY_MS = 200;
/** Size of one page for a client that reads events from before the window. */
const PAGE_BYTES = 256 * 1024;

/**
 * The log of one run in this process, updated by one stream of the backend:
 *
 *     connected ──stream breaks──► resuming after the last event ──backend responds──► connected
 *         │                           └─refused, or unavailable for RESUME_TIMEOUT_MS──► lost: all clients are disconnected
 *         └─`end`─► ended                                                                and reconnect by event id
 */
export class RunFeed {
  readonly feed: Feed;
  private connection: IncomingMessage | null = null;
  private closed = false;

  /** @param onLost called when the feed cannot continue. */
  private constructor(
    private readonly stream: RunStream,
    /** Of the client whose credential opened it. */
    readonly permission: Permission,
    private readonly onLost: () => void,
  ) {
    this.feed = new Feed(BEFORE_FIRST_EVENT, (after) => this.readHistory(after));
  }

  /** @throws the errors of `RunStream.openStream` */
  static async openFeed(stream: RunStream, onLost: () => void): Promise<RunFeed> {
    const connection = await stream.openStream(BEFORE_FIRST_EVENT);
    // Without an answer that has a body, the log has no event to come.
    const permission = connection ? permissionIn(connection) : { cookies: [], tenantId: undefined };
    const run = new RunFeed(stream, permission, onLost);
    void run.follow(connection);
    return run;
  }

  closeFeed(): void {
    this.closed = true;
    this.connection?.destroy();
  }

  private async follow(first: IncomingMessage | null): Promise<void> {
    let connection = first;
    while (connection) {
      await this.readEvents(connection);
      if (this.closed || this.feed.ended) return;
      connection = await this.resume();
    }
    if (!this.closed && !this.feed.ended) this.onLost();
  }

  /** Reads until the connection ends. */
  private readEvents(connection: IncomingMessage): Promise<void> {
    this.connection = connection;
    if (this.closed) connection.destroy();
    const events = new SseFrames();
    return new Promise((resolve) => {
      connection.on('data', (chunk: Buffer) => {
        const { frames, ended } = events.parseChunk(chunk);
        this.feed.appendNumbered(frames);
        if (ended) this.feed.endFeed();
      });
      connection.once('close', resolve);
    });
  }

  /** @returns null when the stream cannot be resumed */
  private async resume(): Promise<IncomingMessage | null> {
    const giveUpAt = performance.now() + RESUME_TIMEOUT_MS;
    while (!this.closed && performance.now() < giveUpAt) {
      try {
        const connection = await this.stream.openStream(this.feed.log.lastId);
        if (!connection) this.feed.endFeed();
        return connection;
      } catch (error) {
        if (error instanceof RefusedError) return null;
      }
      await delay(RETRY_MS);
    }
    return null;
  }

  /** Reads a page of events from before the window. */
  private async readHistory(after: EventId): Promise<HistoryPage> {
    const connection = await this.stream.openStream(after).catch((error: unknown) => {
      // The feed is lost, and the next client opens one with its own credential.
      if (error instanceof RefusedError) this.onLost();
      throw error;
    });
    const events = new SseFrames();
    const page: Frame[] = [];
    let [size, ended] = [0, false];
    for await (const chunk of connection ?? []) {
      const chunkEvents = events.parseChunk(chunk as Buffer);
      page.push(...chunkEvents.frames);
      size += chunkEvents.frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
      ended = chunkEvents.ended;
      const last = page.at(-1)?.id ?? after;
      if (ended || size >= PAGE_BYTES || compareEventIds(last, this.feed.log.startsAfter) >= 0) break;
    }
    const [first] = page;
    // The first event of the window exists, so a stream that ends before it is broken.
    if (!first) throw new Error('the stream of the backend broke');
    const lastId = page.at(-1)?.id ?? first.id;
    return { frames: page, lastId, ended, isAfterGap: first.id.seq > after.seq + 1 };
  }
}
