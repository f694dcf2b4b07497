import { request, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import {
  type GatewayWorld,
  sendRaw,
  startFakeBackend,
  startGatewayWorld,
  startTestGateway,
} from '@saas-codex/testing/gateway/gateway';

let world: GatewayWorld;
let answer: RequestListener;

beforeAll(async () => {
  world = await startGatewayWorld((req, res) => answer(req, res));
});
afterAll(() => world.stop());

const streamHead = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' };

describe('event streams', () => {
  it('are forwarded without delay: the headers before the first byte, and each event when it arrives', async () => {
    let stream: ServerResponse | undefined;
    answer = (_req, res) => {
      stream = res.writeHead(200, streamHead);
      stream.flushHeaders();
    };
    const client = await openSse(`${world.url}/api/runs/1/events`, {
      headers: { 'accept-encoding': 'gzip, br' },
    });
    expect(client.headers).toMatchObject(streamHead);
    expect(client.headers['content-encoding']).toBeUndefined();
    for (const id of ['1', '2']) {
      stream?.write(`id: ${id}\ndata: {}\n\n`);
      await client.until((events) => events.at(-1)?.id === id);
    }
    stream?.end();
    await client.ended();
    expect(client.response.complete).toBe(true);
  });

  it('are closed at the backend when the client disconnects', async () => {
    let closed = false;
    answer = (_req, res) => {
      res.writeHead(200, streamHead).flushHeaders();
      res.on('close', () => (closed = true));
    };
    const client = await openSse(`${world.url}/api/events`);
    client.close();
    await waitFor(() => closed);
  });

  it('break at the client when the backend dies', async () => {
    answer = (_req, res) => {
      res.writeHead(200, streamHead).write('id: 1\ndata: {}\n\n');
      setImmediate(() => res.destroy());
    };
    const client = await openSse(`${world.url}/api/events`);
    await client.ended();
    expect(client.response.complete).toBe(false);
  });
});

it.each([
  ['br, gzip', 'br'],
  ['gzip', 'gzip'],
  ['identity', undefined],
])('compresses JSON for a client that accepts %s', async (accepted, used) => {
  const body = JSON.stringify({ text: 'x'.repeat(100_000) });
  answer = (_req, res) =>
    res
      .writeHead(200, { 'content-type': 'application/json', etag: '"a"', 'content-length': body.length })
      .end(body);
  const compressed = await sendRaw(`${world.url}/api/runs`, { headers: { 'accept-encoding': accepted } });
  expect(compressed.headers['content-encoding']).toBe(used);
  expect(compressed.headers).toMatchObject({ etag: '"a"', vary: expect.stringContaining('Accept-Encoding') });
  if (used) expect(Number(compressed.headers['content-length'] ?? 0)).toBe(0);
  const read = await fetch(`${world.url}/api/runs`, { headers: { 'accept-encoding': accepted } });
  expect(await read.text()).toBe(body);
});

it('keeps an idle connection longer than load balancers do', async () => {
  const { headers } = await sendRaw(`${world.url}/api/me`, { headers: { connection: 'keep-alive' } });
  expect(headers['keep-alive']).toBe('timeout=75');
});

it('does not wait for open streams at shutdown', async () => {
  answer = (_req, res) => res.writeHead(200, streamHead).flushHeaders();
  const other = await startTestGateway({ ...world.settings });
  const client = await openSse(`${other.url}/api/events`);
  await other.stop();
  await client.ended();
});

it.each(['GET', 'DELETE', 'OPTIONS'])(
  'never lets the body of a %s become another request',
  async (method) => {
    const arrived: string[] = [];
    answer = async (req, res) => {
      arrived.push(`${req.method} ${await text(req)}`);
      res.end();
    };
    const body = 'GET /api/smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    const headers = { connection: 'content-length', 'content-length': String(body.length) };
    await sendRaw(`${world.url}/api/me`, { method, headers, body });
    await sendRaw(`${world.url}/api/me`);
    expect(arrived).toEqual([`${method} ${body}`, 'GET ']);
  },
);

it('retries on another connection when a kept-alive one breaks, unless the body is already sent', async () => {
  let asked = 0;
  answer = (req, res) => void (++asked === 2 ? req.socket.destroy() : res.end());
  const askTwice = async (body?: string) => {
    asked = 0;
    await sendRaw(`${world.url}/api/me`);
    const { status } = await sendRaw(`${world.url}/api/me`, {
      ...(body && { body, headers: { 'content-length': String(body.length) } }),
    });
    return [status, asked];
  };
  expect(await askTwice()).toEqual([200, 3]);
  expect(await askTwice('{}')).toEqual([502, 2]);
});

it('aborts the request to the backend when the client disconnects', async () => {
  let aborted = false;
  let arrived = false;
  answer = (_req, res) => {
    arrived = true;
    res.on('close', () => (aborted = true));
  };
  const req = request(`${world.url}/api/sessions`, { agent: false });
  req.on('error', () => undefined).end();
  await waitFor(() => arrived);
  req.destroy();
  await waitFor(() => aborted);
});

it('forwards method, path, query, body and response, and tells the backend who the client is', async () => {
  let seen: { req: IncomingMessage; body: string } | undefined;
  answer = async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    seen = { req, body };
    res.writeHead(201, { 'x-answer': 'yes', 'set-cookie': ['a=1', 'b=2'] }).end('made');
  };
  const made = await sendRaw(`${world.url}/api/sessions?x=%20y`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer secret',
      'x-request-id': 'spec-request-1',
      'x-forwarded-for': '6.6.6.6',
      forwarded: 'for=6.6.6.6',
      connection: 'close, x-hop',
      'x-hop': 'ends here',
      te: 'trailers',
      'content-type': 'application/json',
    },
    body: '{"a":1}',
  });
  expect(made).toMatchObject({ status: 201, body: 'made' });
  expect(made.headers).toMatchObject({
    'x-answer': 'yes',
    'set-cookie': ['a=1', 'b=2'],
    'x-request-id': 'spec-request-1',
  });
  expect(seen).toMatchObject({ body: '{"a":1}', req: { method: 'POST', url: '/api/sessions?x=%20y' } });
  expect(seen?.req.headers).toMatchObject({
    authorization: 'Bearer secret',
    'x-request-id': 'spec-request-1',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': new URL(world.url).host,
    host: new URL(world.backend.url).host,
  });
  for (const name of ['x-hop', 'te', 'forwarded']) expect(seen?.req.headers).not.toHaveProperty(name);
});

describe('a body of more than 1 MB', () => {
  const headers = { authorization: 'Bearer secret', 'content-type': 'application/json' };

  beforeEach(() => {
    answer = (req, res) => {
      req.resume();
      req.on('end', () => res.end('took it'));
    };
  });

  it('is refused by its announced length, before it reaches the backend', async () => {
    let asked = false;
    answer = (_req, res) => {
      asked = true;
      res.end();
    };
    const body = Buffer.alloc(1024 * 1024 + 1, ' ');
    const refused = await sendRaw(`${world.url}/api/sessions`, {
      method: 'POST',
      headers: { ...headers, 'content-length': `${body.length}` },
      body,
    });
    expect(refused.status).toBe(413);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'payload_too_large', status: 413 });
    expect(refused.headers['content-type']).toMatch('application/problem+json');
    expect(asked).toBe(false);
  });

  it('is refused while it arrives in chunks', async () => {
    const refused = await sendRaw(`${world.url}/api/sessions`, {
      method: 'POST',
      headers: { ...headers, 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(3 * 1024 * 1024, ' '),
    });
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([413, 'payload_too_large']);
  });

  it('is accepted up to the limit', async () => {
    const taken = await sendRaw(`${world.url}/api/sessions`, {
      method: 'POST',
      headers: { ...headers, 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(1024 * 1024, ' '),
    });
    expect(taken).toMatchObject({ status: 200, body: 'took it' });
  });

  it('is larger where it is an image', async () => {
    const upload = (megabytes: number, path = '/api/sessions/x/images') =>
      sendRaw(`${world.url}${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'image/png', 'transfer-encoding': 'chunked' },
        body: Buffer.alloc(megabytes * 1024 * 1024),
      });
    expect(await upload(10)).toMatchObject({ status: 200, body: 'took it' });
    expect((await upload(11)).status).toBe(413);
    expect((await upload(2, '/api/sessions/x/images/y')).status).toBe(413);
  });
});

describe('an unavailable backend', () => {
  it('is reported as a 502 problem, and everything works again when it is back', async () => {
    const unavailable = await startFakeBackend((_req, res) => void res.end('here'));
    const port = new URL(unavailable.url).port;
    const other = await startTestGateway({ ...world.settings, BACKEND_URL: unavailable.url });
    expect(await sendRaw(`${other.url}/api/me`)).toMatchObject({ status: 200, body: 'here' });
    await unavailable.stop();
    const refused = await sendRaw(`${other.url}/api/me`);
    expect(refused.status).toBe(502);
    expect(JSON.parse(refused.body)).toMatchObject({
      code: 'upstream_unavailable',
      request_id: expect.any(String),
    });
    expect((await sendRaw(`${other.url}/health`)).status).toBe(200);
    await new Promise<void>((resolve) => unavailable.server.listen(Number(port), '127.0.0.1', resolve));
    expect(await sendRaw(`${other.url}/api/me`)).toMatchObject({ status: 200, body: 'here' });
    await other.stop();
    await unavailable.stop();
  });
});
