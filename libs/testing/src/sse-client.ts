import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { waitFor } from './wait-for.js';

export interface SseEvent {
  id: string | null;
  event: string;
  data: string;
}

export interface SseClient {
  status: number;
  headers: IncomingHttpHeaders;
  /** The events so far, without comments. */
  events: SseEvent[];
  /** The body if the answer is not an event stream. */
  body: () => string;
  closed: () => boolean;
  /** Waits until the events pass the test. */
  until(test: (events: SseEvent[]) => boolean): Promise<SseEvent[]>;
  /** Waits for the end of the connection. */
  ended(): Promise<SseEvent[]>;
  close(): void;
  response: IncomingMessage;
}

/** Opens an event stream over plain HTTP and collects its events. Resolves when the headers have arrived. */
export async function openSse(
  url: string,
  { headers = {}, paused = false }: { headers?: Record<string, string>; paused?: boolean } = {},
): Promise<SseClient> {
  const { req, res } = await new Promise<{ req: ClientRequest; res: IncomingMessage }>((resolve, reject) => {
    const req = request(url, { headers: { accept: 'text/event-stream', ...headers }, agent: false });
    req.on('response', (res) => resolve({ req, res }));
    req.on('error', reject);
    req.end();
  });
  const events: SseEvent[] = [];
  let text = '';
  let closed = false;
  res.on('error', () => undefined);
  res.on('close', () => (closed = true));
  res.setEncoding('utf8');
  if (!paused) {
    res.on('data', (chunk: string) => {
      text += chunk;
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const event = parseFrame(frame);
        if (event) events.push(event);
      }
    });
  }
  return {
    status: res.statusCode ?? 0,
    headers: res.headers,
    events,
    body: () => text,
    closed: () => closed,
    response: res,
    until: async (test) => {
      await waitFor(() => test(events), { what: 'events' });
      return events;
    },
    ended: async () => {
      await waitFor(() => closed, { what: 'the end of the stream' });
      return events;
    },
    close: () => req.destroy(),
  };
}

function parseFrame(frame: string): SseEvent | null {
  const event: SseEvent = { id: null, event: 'message', data: '' };
  let isEvent = false;
  for (const line of frame.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    isEvent = true;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const name = line.slice(0, colon);
    if (name === 'id' || name === 'event' || name === 'data') event[name] = value;
  }
  return isEvent ? event : null;
}
