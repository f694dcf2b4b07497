import type { ServerResponse } from 'node:http';
import type { EventId } from '@saas-codex/contracts/event-ids';
import { FeedClient, type FeedLog, type HistoryPage } from './feed-client.js';
import { type Frame, WireLog } from './wire-log.js';

/**
 * One log and everybody who watches it. Fed by whoever reads the source: a Redis stream here; it may as well be
 * another process's event stream.
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

  /** @param after id of the last event that the client has. The answer's headers must be out. */
  subscribe(res: ServerResponse, after: EventId): void {
    const { socket } = res;
    if (this.isCut || !socket) return void res.destroy();
    const client = new FeedClient(this, { res, socket }, after, () => this.clients.delete(client));
    this.clients.add(client);
    client.pump();
  }

  /** Adds a batch and sends it to every client in one write each. */
  append(frames: Iterable<Frame>): void {
    for (const frame of frames) this.log.append(frame);
    for (const client of this.clients) client.pump();
  }

  /** Every client gets an `end` event behind what it has still to get. */
  end(): void {
    this.hasEnded = true;
    for (const client of this.clients) client.pump();
  }

  /** Cuts every client off, and whoever still comes; they resume by id, on another feed. */
  cut(): void {
    this.isCut = true;
    for (const client of this.clients) client.cut();
  }

  heartbeat(): void {
    for (const client of this.clients) client.heartbeat();
  }

  /** Called every second or so. @returns for how many ticks nobody has been watching. */
  tick(): number {
    for (const client of this.clients) client.tick();
    this.idleTicks = this.clients.size === 0 ? this.idleTicks + 1 : 0;
    return this.idleTicks;
  }
}
