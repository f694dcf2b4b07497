import type { IncomingMessage, ServerResponse } from 'node:http';
import { type EventId, parseEventId } from '@saas-codex/contracts/event-ids';
import { SSE_END, SSE_HEARTBEAT, SSE_RESYNC } from '@saas-codex/contracts/events';
import { HEADERS } from '@saas-codex/contracts/http';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { SseConnection } from './sse-connection.js';

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};
/** The body ends with the connection, so that its bytes go out as they are, without a chunk around each write. */
const WITH_BODY = { ...HEAD, connection: 'close' };
/** For an answer whose end is marked, so that Node's clients keep the connection: the gateway asks this way per reader. */
const WITHOUT_BODY = { ...HEAD, 'transfer-encoding': 'chunked' };

/** As bytes: Node would join text to the headers, and an open answer would keep all the pieces of that text in memory. */
const FIRST_COMMENT = Buffer.from(':\n\n');

/**
 * Starts the answer: sends the headers and a first comment at once, so that no proxy waits for a first event.
 * @returns null when only the headers were asked for (HEAD), and the answer is complete, or when the client has disconnected
 */
export function openEventStream(req: IncomingMessage, res: ServerResponse): SseConnection | null {
  const { socket } = res;
  if (res.destroyed || !socket) return null;
  if (req.method === 'HEAD') {
    res.writeHead(200, WITHOUT_BODY).end();
    return null;
  }
  res.removeHeader('transfer-encoding');
  res.writeHead(200, WITH_BODY);
  socket.setNoDelay(true);
  res.write(FIRST_COMMENT);
  return new SseConnection(res, socket);
}

/**
 * The last event that a client has: `Last-Event-ID`, which browsers send when they reconnect, else `?after=`; null when
 * it names none.
 * @throws ProblemError invalid_cursor
 */
export function cursorOf(req: IncomingMessage): EventId | null {
  const header = req.headers[HEADERS.lastEventId];
  const query = new URLSearchParams(req.url?.split('?')[1]).get('after');
  const given = (typeof header === 'string' && header) || query;
  if (!given) return null;
  const id = parseEventId(given);
  if (!id) {
    throw new ProblemError(
      'invalid_cursor',
      'Send the id of an event as Last-Event-ID or ?after=, such as 5 or 5-3.',
    );
  }
  return id;
}

const NEWLINES = Buffer.from('\n\n');

/** One SSE event as wire bytes; `data` is JSON, which has no line breaks. */
export const toFrame = (id: string, type: string, data: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`id: ${id}\nevent: ${type}\ndata: `), data, NEWLINES]);

/** An SSE event that is no entry of a log: it has no id, so a client's last id stays what it is. */
export const toFrameWithoutId = (type: string, data: object): Buffer =>
  Buffer.from(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);

export const HEARTBEAT_FRAME = toFrameWithoutId(SSE_HEARTBEAT, {});
export const END_FRAME = toFrameWithoutId(SSE_END, {});
export const RESYNC_FRAME = toFrameWithoutId(SSE_RESYNC, {});
