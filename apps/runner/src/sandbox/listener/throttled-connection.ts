import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/*
 * A connection as Node's HTTP server gets it. That server parses everything that one read returns before anything else can
 * happen, and a read of 64 KB may hold thousands of requests. So the bytes are passed on in small pieces that end where the
 * head of a request ends, a few pieces per turn of the event loop:
 *
 *     socket ──64 KB──► unread ──piece──► HTTP server ──► one request ──► its response ──► the next request
 *                         ▲                                    └── a second request before that ends the connection
 *                         └── FairScheduler: a few pieces per turn, for all connections of a listener together
 */

const PIECE_BYTES = 4 * 1024;
/** So few that parsing them takes some milliseconds at most, regardless of their content. */
const PIECES_PER_TURN = 4;
const END_OF_HEAD = '\r\n\r\n';
const NOTHING = Buffer.alloc(0);

/** Gives connections their turns, a few per turn of the event loop. */
export class FairScheduler {
  private readonly waiting: (() => void)[] = [];
  private scheduled = false;

  schedule(work: () => void): void {
    this.waiting.push(work);
    this.scheduleTurn();
  }

  private scheduleTurn(): void {
    if (this.scheduled || this.waiting.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      for (const work of this.waiting.splice(0, PIECES_PER_TURN)) work();
      this.scheduleTurn();
    });
  }
}

type Done = (error?: Error | null) => void;

export class ThrottledConnection extends Duplex {
  private unread: Buffer = NOTHING;
  /** The client sends nothing after that. */
  private ended = false;
  private wanted = false;
  private waiting = false;
  private answering = false;

  constructor(
    private readonly socket: Socket,
    private readonly scheduler: FairScheduler,
  ) {
    // Buffers one piece besides the unread bytes.
    super({ readableHighWaterMark: 1 });
    socket.on('data', this.onData).on('end', this.onEnd).on('timeout', this.onTimeout);
    socket.on('error', this.onError).on('close', this.onClose).pause();
  }

  /** Begins a request. @returns false when the one before has no response yet, which ends the connection */
  beginRequest(res: ServerResponse): boolean {
    if (this.answering) this.destroy();
    if (this.destroyed) return false;
    this.answering = true;
    res.once('close', () => (this.answering = false));
    return true;
  }

  /**
   * Hands over the socket with its unread bytes.
   * @returns null when a request has no response yet, which ends the connection
   */
  releaseSocket(): Socket | null {
    if (this.answering) this.destroy();
    if (this.destroyed) return null;
    const { socket, unread } = this;
    this.wanted = false;
    socket.off('data', this.onData).off('end', this.onEnd).off('timeout', this.onTimeout);
    socket.off('error', this.onError).off('close', this.onClose);
    if (unread.length > 0) socket.unshift(unread);
    return socket;
  }

  /** Called by Node's HTTP server after the last response. */
  destroySoon(): void {
    this.end(() => this.destroy());
  }

  /** Called by Node's HTTP server: how long the connection may be idle. */
  setTimeout(ms: number): this {
    this.socket.setTimeout(ms);
    return this;
  }

  override _read(): void {
    this.wanted = true;
    this.requestTurn();
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
    this.requestTurn();
  };
  private readonly onEnd = () => {
    this.ended = true;
    this.requestTurn();
  };
  private readonly onTimeout = () => this.emit('timeout');
  private readonly onError = (error: Error) => this.destroy(error);
  private readonly onClose = () => this.destroy();

  private requestTurn(): void {
    if (!this.wanted || this.waiting) return;
    if (this.unread.length === 0 && !this.ended) return void this.socket.resume();
    this.waiting = true;
    this.scheduler.schedule(() => this.pushPiece());
  }

  private pushPiece(): void {
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
