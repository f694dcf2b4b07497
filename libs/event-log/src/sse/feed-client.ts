import { compareEventIds, type EventId } from '@saas-codex/contracts/event-ids';
import { END_FRAME, HEARTBEAT_FRAME, RESYNC_FRAME } from './event-stream.js';
import type { ConnectionWriter, SseConnection } from './sse-connection.js';
import type { Encoding, Frame, Place, WireLog } from './wire-log.js';

/*
 * One client of a feed.
 *
 *     before the window ──replay: pages of history, each after the one before has been sent──► within it
 *     within the window ──pump: ready bytes, as long as the socket takes them────────────────► at the end, live
 *
 * When the socket takes no more, the client waits for it to drain, so a slow client costs at most one write. A client that
 * takes nothing at all while the log grows is cut off; it resumes by id.
 */

/** A client that is so many bytes behind and takes nothing for STALLED_TICKS is cut off. */
const LAG_LIMIT = 256 * 1024;
const STALLED_TICKS = 3;

/** A part of the log from before the window. */
export interface HistoryPage {
  frames: Frame[];
  /** Id up to which the page reaches, even if it has no frame for this client; null when nothing is left. */
  lastId: EventId | null;
  /** The log's last event is in this page. */
  ended: boolean;
  /** What was between the client's last event and this page is lost. */
  isAfterGap: boolean;
}

/** What a client needs from its feed. */
export interface FeedLog {
  readonly log: WireLog;
  readonly ended: boolean;
  /** @param after id of the event before the page. */
  readHistory(after: EventId): Promise<HistoryPage>;
}

/** What a client gets of a feed. */
export interface FeedView {
  /** Makes the client's bytes from frames; null: the frames as they are. */
  encode: Encoding | null;
  /** Follows the last frame. */
  end: Buffer;
  /** Stands where something is lost. */
  resync: Buffer;
  /** This feed is the whole answer, which ends with it and has its heartbeats. Otherwise it is one of several. */
  wholeAnswer: boolean;
}

/** The feed's frames as they are, then `end`. */
export const WHOLE_FEED: FeedView = {
  encode: null,
  end: END_FRAME,
  resync: RESYNC_FRAME,
  wholeAnswer: true,
};

export class FeedClient implements ConnectionWriter {
  /** Its place in the window; null while it is not within the window. */
  private place: Place | null = null;
  private replaying = false;
  private stalledTicks = 0;
  /** The connection's count of drains at the last tick. */
  private drains = 0;
  /** Everything has been written, including what follows the last frame. */
  private finished = false;

  /**
   * @param after id of the last event that the client has; it is only kept up to date outside the window.
   * @param onClose called when the client needs the feed no more
   */
  constructor(
    private readonly feed: FeedLog,
    private readonly connection: SseConnection,
    private after: EventId,
    private readonly view: FeedView,
    private readonly onClose: () => void,
  ) {
    connection.addWriter(this);
  }

  /** Sends everything that the socket takes. */
  pump(): void {
    const { connection } = this;
    while (!connection.blocked && !this.replaying && !this.finished && !connection.done) {
      this.place ??= this.locate();
      if (!this.place) return;
      if (!this.feed.log.isInWindow(this.place)) return this.leaveWindow(this.place);
      const bytes = this.feed.log.read(this.place, this.view.encode);
      if (bytes) connection.send(bytes, this);
      else if (this.feed.ended) return this.finish();
      else return;
    }
  }

  /** Called about every second. */
  tick(): void {
    const { connection } = this;
    if (this.view.wholeAnswer) connection.tick();
    if (connection.drains !== this.drains) this.stalledTicks = 0;
    this.drains = connection.drains;
    if (this.finished || !connection.blocked) return;
    const behind = this.place ? this.feed.log.lag(this.place) + connection.pendingBytes : LAG_LIMIT;
    this.stalledTicks = behind >= LAG_LIMIT ? this.stalledTicks + 1 : 0;
    if (this.stalledTicks >= STALLED_TICKS) this.cut();
  }

  heartbeat(): void {
    if (this.view.wholeAnswer && !this.connection.blocked) this.connection.send(HEARTBEAT_FRAME, this);
  }

  /** Closes the connection without an `end` event: the client comes back with the id of its last event. */
  cut(): void {
    this.connection.cut();
  }

  closed(): void {
    this.onClose();
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
    const { connection } = this;
    this.replaying = true;
    try {
      let ended = false;
      while (!ended && !connection.done && compareEventIds(this.after, this.feed.log.startsAfter) < 0)
        ended = await connection.inTurn(() => this.sendPage());
      if (ended) return this.finish();
    } catch {
      // The source does not answer; its reader has logged that.
      this.cut();
    }
    this.replaying = false;
    this.pump();
  }

  /** @returns whether the log's last event is in the page */
  private async sendPage(): Promise<boolean> {
    await this.connection.writable();
    if (this.connection.done) return false;
    const { frames, lastId, ended, isAfterGap } = await this.feed.readHistory(this.after);
    if (isAfterGap || lastId === null) this.connection.send(this.view.resync);
    if (frames.length > 0) this.connection.send((this.view.encode ?? joinFrames)(frames), this);
    // Without entries before the window, those in between are lost.
    this.after = lastId ?? this.feed.log.startsAfter;
    return ended;
  }

  private finish(): void {
    this.finished = true;
    if (this.view.wholeAnswer) return this.connection.finish(this.view.end);
    this.connection.send(this.view.end);
    this.connection.removeWriter(this);
    this.onClose();
  }
}

const joinFrames: Encoding = (frames) => Buffer.concat(frames.map(({ bytes }) => bytes));
