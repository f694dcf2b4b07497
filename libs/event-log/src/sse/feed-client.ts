import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { compareEventIds, type EventId } from '@saas-codex/contracts/event-ids';
import { END_FRAME, HEARTBEAT_FRAME } from './event-stream.js';
import type { Place, WireLog } from './wire-log.js';

/*
 * One client of a feed.
 *
 *     before the window ──replay: pages of history, each after the one before has been sent──► within it
 *     within the window ──pump: ready bytes, as long as the socket takes them────────────────► at the end, live
 *
 * When the socket takes no more, the client waits for it to drain, so a slow client costs at most one write. A client that
 * takes nothing at all while the log grows is cut off; it resumes by id.
 *
 * The bytes are written to the socket directly and not through the response object. The body has no chunks and ends with
 * the connection, so the bytes are the same, and the response's work for each write would double what the write costs.
 */

/** A client that is so many bytes behind and takes nothing for STALLED_TICKS is cut off. */
const LAG_LIMIT = 256 * 1024;
const STALLED_TICKS = 3;
/** How long a client may take for the last bytes, after which nothing follows. */
const FINISHING_TICKS = 60;

/** A part of the log from before the window, as wire bytes. */
export interface HistoryPage {
  bytes: Uint8Array;
  /** Id up to which the page reaches, even if it has no frame for this client; null when nothing is left. */
  lastId: EventId | null;
  /** The log's last event is in this page. */
  ended: boolean;
}

/** What a client needs from its feed. */
export interface FeedLog {
  readonly log: WireLog;
  readonly ended: boolean;
  /** @param after id of the event before the page. */
  readHistory(after: EventId): Promise<HistoryPage>;
}

/** An answer that `openEventStream` has opened, and its socket. */
export interface OpenAnswer {
  res: ServerResponse;
  socket: Socket;
}

export class FeedClient {
  private readonly res: ServerResponse;
  private readonly socket: Socket;
  /** Its place in the window; null while it is not within the window. */
  private place: Place | null = null;
  private replaying = false;
  /** The socket takes no more for now. */
  private blocked = false;
  private stalledTicks = 0;
  /** Everything has been written, including the `end` event. */
  private finished = false;
  private closed = false;

  /** @param after id of the last event that the client has; it is only kept up to date outside the window. */
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

  /** Sends everything that the socket takes. */
  pump(): void {
    while (!this.blocked && !this.replaying && !this.finished && !this.closed) {
      this.place ??= this.locate();
      if (!this.place) return;
      if (!this.feed.log.isInWindow(this.place)) return this.leaveWindow(this.place);
      const bytes = this.feed.log.read(this.place);
      if (bytes) this.send(bytes);
      else if (this.feed.ended) return this.finish();
      else return;
    }
  }

  /** Called about every second. */
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

  /** Closes the connection without an `end` event: the client comes back with the id of its last event. */
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
        // No more entries before the window: those in between have been trimmed.
        this.after = page.lastId ?? this.feed.log.startsAfter;
        if (this.blocked) await new Promise<void>((resolve) => (this.onDrained = resolve));
      }
    } catch {
      // The source does not answer; its reader has logged that.
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
