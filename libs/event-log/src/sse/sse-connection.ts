import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/*
 * One open answer, and those that write to it: one client of a feed, or several of different feeds.
 *
 *     feed of run A ──client─┐
 *     feed of run B ──client─┼─► connection ──► socket
 *     activity feed ──client─┘
 *
 * While the socket takes no more, nobody writes. When it has drained, the writer that wrote last comes last, so that a long
 * replay of one run does not hold back the others.
 *
 * The bytes are written to the socket directly and not through the response object. The body has no chunks and ends with
 * the connection, so the bytes are the same, and the response's work for each write would double what the write costs.
 */

/** How long a client may take for the last bytes, after which nothing follows. */
const FINISHING_TICKS = 60;

/** What writes to an answer. */
export interface ConnectionWriter {
  /** Writes what it has, as long as the connection is not blocked. */
  pump(): void;
  /** The connection is gone. */
  closed(): void;
}

export class SseConnection {
  /** In the order in which they wrote last. */
  private readonly writers = new Set<ConnectionWriter>();
  private readonly socket: Socket;
  private waiting: (() => void)[] = [];
  private history: Promise<unknown> = Promise.resolve();
  private finishingTicks = 0;
  /** Everything has been written, including the `end` event. */
  private finished = false;
  /** The socket takes no more for now. */
  blocked: boolean;
  /** How often the socket has drained: a client that takes anything makes it grow. */
  drains = 0;
  closed = false;

  /** @param res an answer that `openEventStream` has opened */
  constructor(
    private readonly res: ServerResponse,
    socket: Socket,
  ) {
    this.socket = socket;
    this.blocked = socket.writableNeedDrain;
    socket.on('drain', () => this.drained());
    socket.on('close', () => this.close());
  }

  /** No more is written: it has finished, or its client is gone. */
  get done(): boolean {
    return this.finished || this.closed;
  }

  /** Bytes that wait in this process for the socket. */
  get pendingBytes(): number {
    return this.socket.writableLength;
  }

  addWriter(writer: ConnectionWriter): void {
    this.writers.add(writer);
  }

  removeWriter(writer: ConnectionWriter): void {
    this.writers.delete(writer);
  }

  send(bytes: Uint8Array, writer?: ConnectionWriter): void {
    if (this.done) return;
    this.blocked = !this.socket.write(bytes);
    if (!writer || this.writers.size === 1 || !this.writers.delete(writer)) return;
    this.writers.add(writer);
  }

  /** Sends the last bytes. */
  finish(bytes: Uint8Array): void {
    if (this.done) return;
    this.finished = true;
    this.res.end(bytes);
  }

  /** Closes the connection without an `end` event: the client comes back with the id of its last event. */
  cut(): void {
    this.socket.destroy();
  }

  /** Called about every second while it finishes. */
  tick(): void {
    if (this.finished && ++this.finishingTicks >= FINISHING_TICKS) this.cut();
  }

  /** Resolves when the socket takes bytes again, or the connection is gone. */
  async writable(): Promise<void> {
    if (this.blocked && !this.done) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Reads one page of history at a time, whichever writer asks, so that this process holds one page for each connection. */
  inTurn<T>(read: () => Promise<T>): Promise<T> {
    const result = this.history.then(read);
    this.history = result.catch(() => undefined);
    return result;
  }

  private drained(): void {
    this.blocked = false;
    this.drains += 1;
    this.finishingTicks = 0;
    const { waiting } = this;
    this.waiting = [];
    for (const resume of waiting) resume();
    // A copy, since each that writes moves to the end.
    const writers = [...this.writers];
    for (const writer of writers) {
      if (this.blocked) return;
      writer.pump();
    }
  }

  private close(): void {
    this.closed = true;
    const writers = [...this.writers];
    this.writers.clear();
    for (const writer of writers) writer.closed();
    for (const resume of this.waiting) resume();
  }
}
