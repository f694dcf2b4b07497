/*
 * A connection as Node's HTTP server is given it. That server parses all that one read has brought before anything else
 * happens, and a read of 64 KB has room for thousands of requests. So bytes are handed on in small pieces, which end
 * where the head of a request ends, and a few pieces per turn of the event loop:
 *
 *     socket ──64 KB──► unread ──piece──► HTTP server ──► one request ──► its answer ──► the next request
 *                         ▲                                    └── another one before that: the connection is ended
 *                         └── Pace: a few per turn, of all connections of a listener together
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const PIECE_BYTES = 4 * 1024;
/** So few that they take some milliseconds at most, whatever is in them. */
const PIECES_PER_TURN = 4;
const END_OF_HEAD = '\r\n\r\n';
const NOTHING = Buffer.alloc(0);

/** Lets connections take their turns, a few per turn of the event loop. */
export class Pace {
  private readonly waiting: (() => void)[] = [];
  private scheduled = false;

  enter(work: () => void): void {
    this.waiting.push(work);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.waiting.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      for (const work of this.waiting.splice(0, PIECES_PER_TURN)) work();
      this.schedule();
    });
  }
}

type Done = (error?: Error | null) => void;

export class PacedConnection extends Duplex {
  private unread: Buffer = NOTHING;
  /** The other side sends no more than that. */
  private ended = false;
  private wanted = false;
  private waiting = false;
  private answering = false;

  constructor(
    private readonly socket: Socket,
    private readonly pace: Pace,
  ) {
    // One piece at a time is kept beside those that are unread.
    super({ readableHighWaterMark: 1 });
    socket.on('data', this.onData).on('end', this.onEnd).on('timeout', this.onTimeout);
    socket.on('error', this.onError).on('close', this.onClose).pause();
  }

  /** Takes a request. @returns false when one is still to be answered: that ends the connection */
  begin(res: ServerResponse): boolean {
    if (this.answering) this.destroy();
    if (this.destroyed) return false;
    this.answering = true;
    res.once('close', () => (this.answering = false));
    return true;
  }

  /**
   * Leaves the socket to somebody else, with what is unread; null when a request is still to be answered, which ends the
   * connection.
   */
  release(): Socket | null {
    if (this.answering) this.destroy();
    if (this.destroyed) return null;
    const { socket, unread } = this;
    this.wanted = false;
    socket.off('data', this.onData).off('end', this.onEnd).off('timeout', this.onTimeout);
    socket.off('error', this.onError).off('close', this.onClose);
    if (unread.length > 0) socket.unshift(unread);
    return socket;
  }

  /** As Node's HTTP server ends a connection after its last answer. */
  destroySoon(): void {
    this.end(() => this.destroy());
  }

  /** For Node's HTTP server: how long it may be idle. */
  setTimeout(ms: number): this {
    this.socket.setTimeout(ms);
    return this;
  }

  override _read(): void {
    this.wanted = true;
    this.offer();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.socket.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this.socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.socket.end(() => done());
  }

  override _destroy(error: Error | null, done: Done): void {
    this.socket.destroy();
    done(error);
  }

  private readonly onData = (chunk: Buffer) => {
    this.socket.pause();
    this.unread = this.unread.length === 0 ? chunk : Buffer.concat([this.unread, chunk]);
    this.offer();
  };
  private readonly onEnd = () => {
    this.ended = true;
    this.offer();
  };
  private readonly onTimeout = () => this.emit('timeout');
  private readonly onError = (error: Error) => this.destroy(error);
  private readonly onClose = () => this.destroy();

  private offer(): void {
    if (!this.wanted || this.waiting) return;
    if (this.unread.length === 0 && !this.ended) return void this.socket.resume();
    this.waiting = true;
    this.pace.enter(() => this.handOn());
  }

  private handOn(): void {
    this.waiting = false;
    if (!this.wanted || this.destroyed) return;
    this.wanted = false;
    const piece = firstPiece(this.unread);
    this.unread = this.unread.subarray(piece.length);
    this.push(piece.length === 0 ? null : piece);
  }
}

function firstPiece(bytes: Buffer): Buffer {
  const piece = bytes.subarray(0, PIECE_BYTES);
  const end = piece.indexOf(END_OF_HEAD);
  return end < 0 ? piece : piece.subarray(0, end + END_OF_HEAD.length);
}
