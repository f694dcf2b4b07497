import { SSE_END, SSE_HEARTBEAT } from '@saas-codex/contracts/events';
import { connection } from './connection-state.js';

/**
 * A server-sent event stream that stays up by itself. The browser's own EventSource retries too, but gives up on an
 * error status, never notices a connection that went silent, and hides which event it resumes from. So each attempt
 * is a new EventSource, which asks for what comes after the last event that was seen (`?after=`):
 *
 *     open ──► events, heartbeats ──► `end` ──► closed for good
 *       ▲            │ error, or 40 s of silence
 *       └── backoff ◄┘ (cut short when the network or the tab comes back)
 *
 * A hidden tab lets go of its streams after a while (a browser allows six connections per server, tabs share them)
 * and takes them up again, from the same event, once it is looked at.
 */
export interface StreamMessage {
  /** Wire id of the event; see contracts/event-ids. */
  id: string;
  type: string;
  /** The event's JSON text. */
  data: string;
}

export interface StreamOptions {
  url: string;
  /** Names of the events to listen for. */
  types: readonly string[];
  /** Resume after this event; null: from the beginning (or from now, where the server keeps no history). */
  after?: string | null;
  onMessage: (message: StreamMessage) => void;
  /** Each time the connection stands; `resumed` when it stood before. */
  onOpen?: (resumed: boolean) => void;
  /** The server said that nothing will follow. */
  onEnd?: () => void;
  /** An attempt failed; `refused` when the server answered it with an error, of which the browser tells no more. */
  onLost?: (refused: boolean) => void;
}

const SILENCE_MS = 40_000;
const HIDDEN_GRACE_MS = 10_000;
const FIRST_RETRY_MS = 400;
const MAX_RETRY_MS = 15_000;

/** The wait before attempt `n` (from 0), with jitter so that a restarted server is not met by everybody at once. */
export const retryDelay = (attempt: number, random = Math.random()): number =>
  Math.min(FIRST_RETRY_MS * 2 ** attempt, MAX_RETRY_MS) * (0.75 + random / 2);

/** Opens the stream; the answer closes it. */
export function openEventStream(options: StreamOptions): () => void {
  const stream = new EventStream(options);
  stream.start();
  return () => stream.close();
}

class EventStream {
  private readonly key = Symbol('stream');
  private source: EventSource | null = null;
  private last: string | null;
  private attempts = 0;
  private stoodBefore = false;
  private closed = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private hiddenTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: StreamOptions) {
    this.last = options.after ?? null;
  }

  start(): void {
    addEventListener('online', this.retryNow);
    document.addEventListener('visibilitychange', this.onVisibility);
    this.connect();
  }

  close(): void {
    this.closed = true;
    this.drop();
    clearTimeout(this.hiddenTimer);
    removeEventListener('online', this.retryNow);
    document.removeEventListener('visibilitychange', this.onVisibility);
    connection.reportFine(this.key);
  }

  private connect(): void {
    this.drop();
    const { url, types } = this.options;
    const source = new EventSource(
      this.last === null ? url : `${url}?after=${encodeURIComponent(this.last)}`,
    );
    this.source = source;
    this.watchSilence();
    source.addEventListener('open', () => this.onOpen());
    source.addEventListener('error', (event) => {
      // Codex has an event called `error` too; that one is a MessageEvent.
      if (!(event instanceof MessageEvent)) this.onLost(source.readyState === EventSource.CLOSED);
    });
    source.addEventListener(SSE_HEARTBEAT, () => this.watchSilence());
    source.addEventListener(SSE_END, () => {
      this.close();
      this.options.onEnd?.();
    });
    for (const type of types) {
      source.addEventListener(type, (event) => {
        if (event instanceof MessageEvent) this.onMessage(type, event as MessageEvent<string>);
      });
    }
  }

  private onOpen(): void {
    this.attempts = 0;
    connection.reportFine(this.key);
    this.watchSilence();
    this.options.onOpen?.(this.stoodBefore);
    this.stoodBefore = true;
  }

  private onMessage(type: string, event: MessageEvent<string>): void {
    this.watchSilence();
    if (event.lastEventId) this.last = event.lastEventId;
    this.options.onMessage({ id: event.lastEventId, type, data: event.data });
  }

  private onLost(refused: boolean): void {
    this.drop();
    connection.reportLost(this.key);
    this.options.onLost?.(refused);
    if (this.closed) return;
    this.timer = setTimeout(() => this.connect(), retryDelay(this.attempts));
    this.attempts += 1;
  }

  private readonly retryNow = (): void => {
    if (this.source === null && this.hiddenTimer === undefined) this.connect();
  };

  private readonly onVisibility = (): void => {
    clearTimeout(this.hiddenTimer);
    this.hiddenTimer = undefined;
    if (!document.hidden) this.retryNow();
    else this.hiddenTimer = setTimeout(() => this.drop(), HIDDEN_GRACE_MS);
  };

  private watchSilence(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.onLost(false), SILENCE_MS);
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
