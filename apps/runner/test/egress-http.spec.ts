import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { waitFor } from '@saas-codex/testing/wait-for';
import { EgressWorld, only } from '@saas-codex/testing/runner/egress-world';

const ON = { mode: 'on' } as const;

describe('the egress proxy forwards messages', () => {
  let world: EgressWorld;

  beforeAll(async () => {
    world = await EgressWorld.create();
  });
  beforeEach(() => world.reset());
  afterAll(() => world.destroy());

  it('without hop-by-hop headers, and with the Host of the URL', async () => {
    world.answer = (req, res) => {
      world.seen.push({ method: req.method, url: req.url, headers: req.headers, body: '' });
      res.writeHead(200, {
        connection: 'close, x-hop',
        'x-hop': '1',
        'x-end': '2',
        'set-cookie': ['a', 'b'],
      });
      res.end();
    };
    const run = await world.open(ON);
    const { headers } = await run.ask('http://example.org:8080/', {
      headers: {
        host: 'other.example',
        connection: 'keep-alive, x-private',
        'x-private': '1',
        'x-public': '2',
        'proxy-authorization': 'Basic eA==',
        te: 'trailers',
      },
    });
    expect(world.seen[0]?.headers).toEqual({
      host: 'example.org:8080',
      'x-public': '2',
      connection: 'close',
    });
    expect(headers).toMatchObject({ 'x-end': '2', 'set-cookie': ['a', 'b'] });
    expect(headers).not.toHaveProperty('x-hop');
  });

  it.each(['POST', 'DELETE'])('with newly framed bodies: %s', async (method) => {
    const run = await world.open(ON);
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: example.org\r\n\r\n';
    await run.ask('http://example.org/', {
      method,
      body: smuggled,
      headers: { 'transfer-encoding': 'chunked' },
    });
    await run.ask('http://example.org/', {
      method,
      body: smuggled,
      headers: { 'content-length': `${smuggled.length}` },
    });
    expect(world.seen.map(({ url, body }) => [url, body])).toEqual([
      ['/', smuggled],
      ['/', smuggled],
    ]);
  });

  it.each([
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
    'Content-Length: 5\r\nContent-Length: 6',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding : chunked',
    'X: a\n\nGET http://example.org/b HTTP/1.1',
    `X: ${'a'.repeat(20_000)}`,
  ])('but none with ambiguous framing: %#', async (headers) => {
    const run = await world.open(ON);
    const socket = connect(run.socketPath);
    socket.end(`POST http://example.org/a HTTP/1.1\r\nHost: example.org\r\n${headers}\r\n\r\n0\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 4(00|31) /);
    expect(world.seen).toEqual([]);
  });

  it('with a response that begins before the body has ended', async () => {
    world.answer = (req, res) => {
      res.writeHead(413).end('too much');
      req.resume();
    };
    const run = await world.open(ON);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let time = 0; time < 2; time += 1) {
      const outgoing = request({
        agent,
        socketPath: run.socketPath,
        path: 'http://example.org/',
        method: 'PUT',
      });
      outgoing.end(Buffer.alloc(8 * 1024 * 1024));
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      expect([response.statusCode, await text(response)]).toEqual([413, 'too much']);
    }
    agent.destroy();
  });

  it('with bytes that a client sends along with its CONNECT, blank lines included', async () => {
    const run = await world.open(ON);
    const body = `\r\n\r\n${'line\r\n\r\n\r\n'.repeat(20_000)}`;
    const socket = connect(run.socketPath);
    socket.write(
      'CONNECT example.org:80 HTTP/1.1\r\nHost: a\r\n\r\n' +
        `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(await text(socket)).toMatch(/served$/);
    await run.ask('http://example.org/', { method: 'POST', body });
    expect(world.seen.map((request) => request.body === body)).toEqual([true, true]);
  });

  it('but no upgrade that was not asked for', async () => {
    const odd = createServer((socket) => {
      const answer = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n';
      socket.on('error', () => undefined).once('data', () => socket.write(answer));
    });
    odd.listen(0, '127.0.0.1');
    await once(odd, 'listening');
    const run = await world.open(ON, { server: odd });
    // More than a run may have at once.
    for (let time = 0; time < 130; time += 1) expect((await run.ask('http://example.org/')).status).toBe(502);
    odd.close();
  });

  it('without method overrides to a read-only host', async () => {
    const headers = {
      'x-http-method-override': 'DELETE',
      'X-Method-Override': 'PUT',
      x_http_method: 'PUT',
      'x-a': 'b',
    };
    for (const network of [only({ host: 'example.org', methods: 'read' }), ON]) {
      const run = await world.open(network);
      await run.ask('http://example.org/', { headers });
    }
    const names = world.seen.map((request) =>
      Object.keys(request.headers).filter((name) => name.startsWith('x')),
    );
    expect(names).toEqual([['x-a'], ['x-http-method-override', 'x-method-override', 'x_http_method', 'x-a']]);
  });

  it('as streams, with backpressure', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024);
    world.answer = (_, res) => {
      const go = () => {
        if (res.destroyed) return;
        sent += chunk.length;
        if (res.write(chunk)) setImmediate(go);
        else res.once('drain', go);
      };
      go();
    };
    const run = await world.open(ON);
    const outgoing = request({ socketPath: run.socketPath, path: 'http://example.org/' });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    let before = -1;
    await waitFor(() => [before, (before = sent)].every((count) => count === sent), {
      what: 'the stream to stop under backpressure',
    });
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    const stoodAt = sent;
    response.resume();
    await waitFor(() => sent > stoodAt + 64 * 1024 * 1024, { what: 'more bytes' });
    outgoing.destroy();
  });
});
