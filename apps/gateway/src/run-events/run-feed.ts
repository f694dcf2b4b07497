import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { BEFORE_FIRST_EVENT, compareEventIds, type EventId } from '@saas-codex/contracts/event-ids';
import { Feed } from '@saas-codex/event-log/sse/feed';
import type { HistoryPage } from '@saas-codex/event-log/sse/feed-client';
import type { Frame } from '@saas-codex/event-log/sse/wire-log';
import { RefusedError, type RunStream } from './run-stream.js';
import { SseFrames } from './sse-frames.js';

/** How long a backend may be away before the clients are disconnected. */
const RESUME_TIMEOUT_MS = 10_000;
const RETRY_MS = 200;
/** Size of one page for a client that is before the window. */
const PAGE_BYTES = 256 * 1024;

/**
 * The log of one run in this process, kept up to date by one stream of the backend:
 *
 *     connected ──stream breaks──► resuming, by the id of the last event ──answered──► connected
 *         │                           └─refused, or away for RESUME_TIMEOUT_MS──► lost: every client is cut off
 *         └─`end`─► ended                                                         and comes back by id
 */
export class RunFeed {
  readonly feed: Feed;
  private connection: IncomingMessage | null = null;
  private closed = false;

  /** @param onLost called when the feed cannot continue. */
  private constructor(
    private readonly stream: RunStream,
    private readonly onLost: () => void,
  ) {
    this.feed = new Feed(BEFORE_FIRST_EVENT, (after) => this.readHistory(after));
  }

  /** @throws what `RunStream.open` throws */
  static async open(stream: RunStream, onLost: () => void): Promise<RunFeed> {
    const run = new RunFeed(stream, onLost);
    void run.follow(await stream.open(BEFORE_FIRST_EVENT));
    return run;
  }

  close(): void {
    this.closed = true;
    this.connection?.destroy();
  }

  private async follow(first: IncomingMessage): Promise<void> {
    let connection: IncomingMessage | null = first;
    while (connection) {
      await this.read(connection);
      if (this.closed || this.feed.ended) return;
      connection = await this.resume();
    }
    if (!this.closed) this.onLost();
  }

  /** Reads until the connection has ended. */
  private read(connection: IncomingMessage): Promise<void> {
    this.connection = connection;
    if (this.closed) connection.destroy();
    const events = new SseFrames();
    return new Promise((resolve) => {
      connection.on('data', (chunk: Buffer) => {
        const { frames, ended } = events.take(chunk);
        if (frames.length > 0) this.feed.appendFrames(frames);
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
        return await this.stream.open(this.feed.log.lastId);
      } catch (error) {
        if (error instanceof RefusedError) return null;
      }
      await delay(RETRY_MS);
    }
    return null;
  }

  /** A page from before the window. */
  private async readHistory(after: EventId): Promise<HistoryPage> {
    const connection = await this.stream.open(after).catch((error: unknown) => {
      // The next client brings its own credential.
      if (error instanceof RefusedError) this.onLost();
      throw error;
    });
    const events = new SseFrames();
    const page: Frame[] = [];
    let [size, ended] = [0, false];
    for await (const chunk of connection) {
      const taken = events.take(chunk as Buffer);
      page.push(...taken.frames);
      size += taken.frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
      ended = taken.ended;
      const last = page.at(-1)?.id ?? after;
      if (ended || size >= PAGE_BYTES || compareEventIds(last, this.feed.log.startsAfter) >= 0) break;
    }
    const lastId = page.at(-1)?.id;
    // The window's first event exists, so a stream that ends before it has broken.
    if (!lastId) throw new Error('the stream of the backend broke off');
    return { bytes: Buffer.concat(page.map(({ bytes }) => bytes)), lastId, ended };
  }
}
