import type { EventId } from '@saas-codex/contracts/event-ids';
import { FeedClient, type FeedLog, type FeedView, type HistoryPage } from './feed-client.js';
import type { SseConnection } from './sse-connection.js';
import { type Frame, WireLog } from './wire-log.js';

/**
 * One log and the clients that watch it. The owner of the feed reads the source, which is a Redis stream or another
 * process's event stream, and appends what it has read.
 */
export class Feed implements FeedLog {
  readonly log: WireLog;
  private readonly clients = new Set<FeedClient>();
  private hasEnded = false;
  private idleTicks = 0;
  private isCut = false;

  /** @param startsAfter id of the entry before the first one that will be appended. */
  constructor(
    startsAfter: EventId,
    readonly readHistory: (after: EventId) => Promise<HistoryPage>,
  ) {
    this.log = new WireLog(startsAfter);
  }

  get clientCount(): number {
    return this.clients.size;
  }

  get ended(): boolean {
    return this.hasEnded;
  }

  /**
   * Adds a client.
   * @param connection of this feed alone, or of several
   * @param after id of the last event that the client has
   */
  attach(connection: SseConnection, after: EventId, view: FeedView): void {
    if (this.isCut) return connection.cut();
    const client = new FeedClient(this, connection, after, view, () => this.clients.delete(client));
    this.clients.add(client);
    client.pump();
  }

  /** Adds a batch and sends it to each client in one write. */
  appendFrames(frames: Iterable<Frame>): void {
    for (const frame of frames) this.log.appendFrame(frame);
    for (const client of this.clients) client.pump();
  }

  /**
   * As `appendFrames`, for a log whose durable events have numbers without a hole. Where some are missing here, each client
   * reads them from the source, or learns from it that they are lost.
   */
  appendNumbered(frames: readonly Frame[]): void {
    const [first] = frames;
    if (first && first.id.seq > this.log.lastId.seq + 1)
      this.log.restartAfter({ seq: first.id.seq - 1, delta: 0 });
    this.appendFrames(frames);
  }

  /** Every client gets an `end` event after the events that it has not received yet. */
  endFeed(): void {
    this.hasEnded = true;
    for (const client of this.clients) client.pump();
  }

  /** Cuts off every client, also those that still come. They resume by id, on another feed. */
  cut(): void {
    this.isCut = true;
    for (const client of this.clients) client.cut();
  }

  heartbeat(): void {
    for (const client of this.clients) client.heartbeat();
  }

  /** Called about every second. @returns for how many ticks there has been no client */
  tick(): number {
    for (const client of this.clients) client.tick();
    this.idleTicks = this.clients.size === 0 ? this.idleTicks + 1 : 0;
    return this.idleTicks;
  }
}
