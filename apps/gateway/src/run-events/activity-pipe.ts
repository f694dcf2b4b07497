import type { IncomingMessage } from 'node:http';
import type { ConnectionWriter, SseConnection } from '@saas-codex/event-log/sse/sse-connection';

/** Longer than any activity. */
const FRAME_LIMIT_BYTES = 1024 * 1024;
const FRAME_END = Buffer.from('\n\n');

/**
 * Forwards a backend's activity stream into an answer that has runs too. Only whole frames are written, since frames of the
 * runs come in between. The backend is read as fast as the client takes it.
 */
export class ActivityPipe implements ConnectionWriter {
  private rest: Buffer = Buffer.alloc(0);

  private constructor(
    private readonly activity: IncomingMessage,
    private readonly connection: SseConnection,
  ) {}

  /** Forwards until one of the two ends, and ends the other. */
  static connect(activity: IncomingMessage, connection: SseConnection): void {
    const pipe = new ActivityPipe(activity, connection);
    connection.addWriter(pipe);
    activity.on('data', (chunk: Buffer) => pipe.forward(chunk));
    // The client reconnects with the id of its last activity.
    activity.once('close', () => connection.cut());
  }

  pump(): void {
    this.activity.resume();
  }

  closed(): void {
    this.activity.destroy();
  }

  private forward(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const end = bytes.lastIndexOf(FRAME_END) + FRAME_END.length;
    this.rest = bytes.subarray(end < FRAME_END.length ? 0 : end);
    if (this.rest.length > FRAME_LIMIT_BYTES) return this.connection.cut();
    if (this.rest.length < bytes.length) this.connection.send(bytes.subarray(0, end), this);
    if (this.connection.blocked) this.activity.pause();
  }
}
