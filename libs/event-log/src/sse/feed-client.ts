import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { compareEventIds, type EventId } from '@saas-codex/contracts/event-ids';
import { END_FRAME, HEARTBEAT_FRAME } from './event-stream.js';
import type { Place, WireLog } from './wire-log.js';

/*
 * One client of a feed.
 *
 *     behind the window ──replay: pages of history, each when the one before has gone out──► within it
 *     within the window ──pump: ready bytes, as long as the socket takes them──────────────► at the end, live
 *
 * A socket that does not take more is left alone until it drains, so that a slow client costs one write at most. One
 * that takes nothing at all while the log grows away from it is cut off; it resumes by id.
 *
 * Its bytes go to the socket, past the answer that they are the body of: the body has no chunks and ends with the connection,
 * so they are the same bytes, and what an answer does for each write would cost as much as Node's whole part of the write.
 */

/** A client this far behind, in bytes, that takes nothing for STALLED_TICKS is cut off. */
const LAG_LIMIT = 256 * 1024;
const STALLED_TICKS = 3;
/** How long a client may take for the last bytes, when nothing more can be behind them. */
const FINISHING_TICKS = 60;

/** A piece of a log from before the window, as wire bytes. */
export interface HistoryPage {
  bytes: Uint8Array;
  /** Id up to which the page reaches, also when it has no frame for this client; null when nothing is left. */
  lastId: EventId | null;
  /** The log's last event is in this page. */
  ended: boolean;
}

/** What a client needs to know of its feed. */
export interface FeedLog {
  readonly log: WireLog;
  readonly ended: boolean;
  /** @param after id of the event before the page. */
  readHistory(after: EventId): Promise<HistoryPage>;
}

/** An answer that `openEventStream` has opened, and the socket that it goes to. */
export interface OpenAnswer {
  res: ServerResponse;
  socket: Socket;
}

export class FeedClient {
  private readonly res: ServerResponse;
  private readonly socket: Socket;
  /** Where it stands in the window; null while it is not within. */
  private place: Place | null = null;
  private replaying = false;
  /** The socket does not take more for now. */
  private blocked = false;
  private stalledTicks = 0;
  /** Everything has been written, the `end` event too. */
  private finished = false;
  private closed = false;

  /** @param after id of the last event that the client has; moves on only while it is outside the window. */
  constructor(
    private readonly feed: FeedLog,
    { res, socket }: OpenAnswer,
    private after: EventId,
    onClose: () => void,
  ) {
    this.res = res;
    this.socket = socket;
    socket.on('drain', () => this.drained());
    socket.on('close', () => {
      this.closed = true;
      this.drained();
      onClose();
    });
    this.blocked = socket.writableNeedDrain;
  }

  /** Sends whatever there is to send. */
  pump(): void {
    while (!this.blocked && !this.replaying && !this.finished && !this.closed) {
      this.place ??= this.locate();
      if (!this.place) return;
      if (!this.feed.log.holds(this.place)) return this.leaveWindow(this.place);
      const bytes = this.feed.log.read(this.place);
      if (bytes) this.send(bytes);
      else if (this.feed.ended) return this.finish();
      else return;
    }
  }

  /** Called every second or so. */
  tick(): void {
    if (this.finished && ++this.stalledTicks >= FINISHING_TICKS) this.cut();
    if (this.finished || !this.blocked) return;
    const behind = this.place ? this.feed.log.lag(this.place) + this.socket.writableLength : LAG_LIMIT;
    this.stalledTicks = behind >= LAG_LIMIT ? this.stalledTicks + 1 : 0;
    if (this.stalledTicks >= STALLED_TICKS) this.cut();
  }

  heartbeat(): void {
    if (!this.blocked && !this.finished && !this.closed) this.send(HEARTBEAT_FRAME);
  }

  /** Ends the connection without an `end` event: the client comes back with the id of its last event. */
  cut(): void {
    this.socket.destroy();
  }

  private locate(): Place | null {
    const place = this.feed.log.find(this.after);
    if (place === 'earlier') void this.replay();
    else if (place === 'later' && this.feed.ended) this.finish();
    return typeof place === 'string' ? null : place;
  }

  private leaveWindow(place: Place): void {
    this.after = this.feed.log.idBefore(place);
    this.place = null;
    void this.replay();
  }

  private async replay(): Promise<void> {
    this.replaying = true;
    try {
      while (!this.closed && compareEventIds(this.after, this.feed.log.startsAfter) < 0) {
        const page = await this.feed.readHistory(this.after);
        if (this.closed) return;
        if (page.bytes.length > 0) this.send(page.bytes);
        if (page.ended) return this.finish();
        // Nothing more before the window: entries between have been trimmed away.
        this.after = page.lastId ?? this.feed.log.startsAfter;
        if (this.blocked) await new Promise<void>((resolve) => (this.onDrained = resolve));
      }
    } catch {
      // The source is away; whoever reads it has logged that.
      this.cut();
    }
    this.replaying = false;
    this.pump();
  }

  private onDrained: (() => void) | null = null;

  private drained(): void {
    this.blocked = false;
    this.stalledTicks = 0;
    this.onDrained?.();
    this.onDrained = null;
    this.pump();
  }

  private send(bytes: Uint8Array): void {
    this.blocked = !this.socket.write(bytes);
  }

  private finish(): void {
    this.finished = true;
    this.stalledTicks = 0;
    this.res.end(END_FRAME);
  }
}
