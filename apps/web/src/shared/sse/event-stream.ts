import { SSE_END, SSE_HEARTBEAT } from '@saas-codex/contracts/events';
import { createEventSource, type EventSourceClient, type FetchLike } from 'eventsource-client';
import { type ApiError, readError } from '../api/api-error.js';
import { connection } from './connection-state.js';

/**
 * A server-sent event stream that reconnects by itself. `eventsource-client` makes one attempt: it reads the frames
 * and sends `Last-Event-ID`. When to try again is decided here:
 *
 *     open ──► events, heartbeats ──► `end`, or 204 ──► closed for good
 *       ▲            │ error, refusal, or 40 s of silence
 *       └── backoff ◄┘ (cut short when the network or the tab comes back)
 *
 * A hidden tab closes its streams after a while, since a browser allows six connections per server and all tabs share
 * them. It resumes from the same event when it becomes visible again.
 */
export interface StreamMessage {
  /** Wire id of the event (see contracts/event-ids); empty for an event without one. */
  id: string;
  type: string;
  /** The event's JSON text. */
  data: string;
}

export interface StreamOptions {
  url: string;
  /** Resume after this event; null: from the beginning (or from now, where the server keeps no history). */
  after?: string | null;
  onMessage: (message: StreamMessage) => void;
  /** Called whenever a connection is established; `resumed` is true for all but the first. */
  onOpen?: (resumed: boolean) => void;
  /** The server says that nothing will follow. */
  onEnd?: () => void;
  /** An attempt failed, and another one follows. `refusal` is the server's error; null if the connection was lost. */
  onLost?: (refusal: ApiError | null) => void;
}

const SILENCE_MS = 40_000;
const HIDDEN_GRACE_MS = 10_000;
const FIRST_RETRY_MS = 400;
const MAX_RETRY_MS = 15_000;

/**
 * The delay before attempt `n` (from 0), with jitter so that not all clients come back to a restarted server at once.
 */
export const retryDelay = (attempt: number, random = Math.random()): number =>
  Math.min(FIRST_RETRY_MS * 2 ** attempt, MAX_RETRY_MS) * (0.75 + random / 2);

/** Opens the stream and returns the function that closes it. */
export function followEventStream(options: StreamOptions): () => void {
  const stream = new EventStream(options);
  stream.start();
  return () => stream.close();
}

class EventStream {
  private readonly key = Symbol('stream');
  private source: EventSourceClient | null = null;
  private last: string | null;
  private attempts = 0;
  private openedBefore = false;
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
    // A tab may be opened in the background.
    if (document.hidden) this.onVisibility();
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
    this.watchSilence();
    let refusal: ApiError | null = null;
    const request: FetchLike = async (url, init) => {
      const response = await fetch(url, init);
      if (response.status === 204 && isCurrent()) this.onEnd();
      if (response.ok) return response;
      refusal = await readError(response);
      throw refusal;
    };
    const source = createEventSource({
      url: this.options.url,
      initialLastEventId: this.last ?? undefined,
      fetch: request,
      onConnect: () => isCurrent() && this.onOpen(),
      onMessage: ({ id = '', event = 'message', data }) => {
        if (isCurrent()) this.onMessage({ id, type: event, data });
      },
      // The library is about to retry after a fixed delay. Closing it here leaves that to `onLost`.
      onScheduleReconnect: () => isCurrent() && this.onLost(refusal),
    });
    const isCurrent = () => this.source === source;
    this.source = source;
  }

  private onOpen(): void {
    this.attempts = 0;
    connection.reportFine(this.key);
    this.watchSilence();
    this.options.onOpen?.(this.openedBefore);
    this.openedBefore = true;
  }

  private onMessage(message: StreamMessage): void {
    this.watchSilence();
    if (message.type === SSE_HEARTBEAT) return;
    if (message.type === SSE_END) return this.onEnd();
    if (message.id) this.last = message.id;
    try {
      this.options.onMessage(message);
    } catch (error) {
      // The library would take it for a lost connection.
      reportError(error);
    }
  }

  private onEnd(): void {
    this.close();
    this.options.onEnd?.();
  }

  private onLost(refusal: ApiError | null): void {
    this.drop();
    connection.reportLost(this.key);
    this.options.onLost?.(refusal);
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
    this.timer = setTimeout(() => this.onLost(null), SILENCE_MS);
  }

  private drop(): void {
    clearTimeout(this.timer);
    const { source } = this;
    this.source = null;
    source?.close();
  }
}
