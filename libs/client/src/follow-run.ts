import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { components } from './schema.js';

/*
 *     connect ──► events, heartbeats ──► `end`, or 204 ──► done
 *       ▲            │ connection lost, 5xx, 429, or 40 s of silence           4xx ──► ApiRefusal
 *       └── backoff ◄┘ and again with Last-Event-ID
 *
 * Ids only grow, and the server continues after the one that it gets. So a reader over any number of connections gets each
 * event once and in order.
 */

/** An event of a type that this client knows. A newer server may send others. */
export type RunEvent = components['schemas']['KnownRunEvent'];
type Problem = components['schemas']['Problem'];

/** The server sends a heartbeat every 15 s. */
const SILENCE_MS = 40_000;
const FIRST_RETRY_MS = 400;
const MAX_RETRY_MS = 15_000;

export interface RunLogEntry {
  /** The position: keep it, and come back with it as `after`. `7` is a durable event, `7-2` a short-lived delta. */
  id: string;
  /** Ignore types that you do not know: a newer server may have them. */
  type: string;
  event: RunEvent;
}

export interface FollowOptions {
  /** Id of the last entry that the caller has. Default: from the first event on. */
  after?: string;
  /** Ends the reading with the signal's reason as error. */
  signal?: AbortSignal;
}

/** The server has refused a request. `problem` says why; null: its answer was no problem document. */
export class ApiRefusal extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
  ) {
    super(problem ? `${problem.code}: ${problem.detail}` : `The server answered ${status}.`);
    this.name = 'ApiRefusal';
  }
}

interface Request {
  headers: Record<string, string>;
  signal: AbortSignal;
}

/** @param connect sends the request for the stream with these headers */
export async function* followRun(
  connect: (request: Request) => Promise<Response>,
  { after, signal }: FollowOptions = {},
): AsyncGenerator<RunLogEntry, void> {
  let last = after;
  let attempt = 0;
  for (;;) {
    const connection = new Connection(signal);
    let retryAfterMs = 0;
    try {
      const response = await connect({ headers: headersFor(last), signal: connection.signal });
      if (response.status === 204) return;
      if (response.ok && response.body) {
        for await (const { id, event: type = 'message', data } of messagesOf(response.body)) {
          connection.heard();
          if (type === 'end') return;
          if (id === undefined || type === 'heartbeat') continue;
          attempt = 0;
          last = id;
          yield { id, type, event: JSON.parse(data) as RunEvent };
        }
      } else {
        retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * 1_000;
        await refuseUnlessItPasses(response);
      }
    } catch (error) {
      if (error instanceof ApiRefusal) throw error;
      // The connection was lost, or was silent.
      signal?.throwIfAborted();
    } finally {
      connection.close();
    }
    await pause(Math.max(retryAfterMs, retryDelay(attempt)), signal);
    attempt += 1;
  }
}

const headersFor = (last: string | undefined) => ({
  accept: 'text/event-stream',
  ...(last !== undefined && { 'last-event-id': last }),
});

const messagesOf = (body: ReadableStream<Uint8Array<ArrayBuffer>>) =>
  body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());

async function refuseUnlessItPasses(response: Response): Promise<void> {
  const problem = (await response.json().catch(() => null)) as Problem | null;
  if (response.status >= 500 || response.status === 429 || response.status === 408) return;
  throw new ApiRefusal(response.status, problem);
}

/** Jitter, so that not all clients come back to a restarted server at once. */
const retryDelay = (attempt: number): number =>
  Math.min(FIRST_RETRY_MS * 2 ** attempt, MAX_RETRY_MS) * (0.75 + Math.random() / 2);

/** Aborts one connection: when the caller wants it, when it has been silent for too long, and when it is over. */
class Connection {
  private readonly controller = new AbortController();
  readonly signal: AbortSignal;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(caller: AbortSignal | undefined) {
    const { signal } = this.controller;
    this.signal = caller ? AbortSignal.any([caller, signal]) : signal;
    this.heard();
  }

  /** Something has arrived. */
  heard(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.close(), SILENCE_MS);
  }

  close(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }
}

/** @throws the signal's reason */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    if (signal?.aborted) done();
  });
  signal?.throwIfAborted();
}
