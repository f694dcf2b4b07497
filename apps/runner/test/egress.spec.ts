import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect as connectTo, createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { NetworkInput } from '@saas-codex/contracts/network';
import { waitFor } from '../../../tests/support/wait-for.js';
import { EgressWorld, portOf, type ProxiedRun } from './support/egress-world.js';

const ON: NetworkInput = { mode: 'on' };
const only = (...hosts: (NetworkInput & { mode: 'allow_list' })['hosts']): NetworkInput => ({
  mode: 'allow_list',
  hosts,
});

describe('the egress proxy', () => {
  let world: EgressWorld;
  let server: Server;
  let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
  let answer: (req: IncomingMessage, res: ServerResponse) => unknown;

  beforeAll(async () => {
    world = await EgressWorld.create();
    server = createServer((req, res) => void answer(req, res)).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  beforeEach(() => {
    Object.assign(world, { questions: [], dialled: [] });
    world.dns = { 'example.org': ['93.184.216.34'], 'other.example': ['93.184.216.35'] };
    seen = [];
    answer = async (req, res) => {
      const body = await text(req).catch(() => 'broken off');
      const { method = '', url = '', headers } = req;
      seen.push({ method, url, headers, body });
      res.end('served');
    };
  });
  afterAll(async () => {
    await world.destroy();
    server.closeAllConnections();
    server.close();
  });

  const connectAnswer = async (run: ProxiedRun, authority: string) => {
    const made = await run.tunnel(authority);
    return 'answer' in made ? made.answer : null;
  };
  async function tunnelTo(run: ProxiedRun, authority: string): Promise<Socket> {
    const made = await run.tunnel(authority);
    if ('answer' in made) throw new Error(made.answer.body);
    return made.socket;
  }
  async function getThrough(socket: Socket, path: string, host: string): Promise<string> {
    const outgoing = request({ createConnection: () => socket, path, headers: { host } });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return `${response.statusCode} ${await text(response)}`;
  }

  describe('with the network off', () => {
    it('refuses everything, says so, and asks nobody', async () => {
      const run = await world.open({ mode: 'off' }, server);
      const plain = await run.ask('http://example.org/');
      expect(plain).toMatchObject({
        status: 403,
        body: expect.stringMatching(/^The network is off for this session/),
      });
      expect(await connectAnswer(run, 'example.org:443')).toMatchObject({ status: 403, body: plain.body });
      expect(await connectAnswer(run, '127.0.0.1:22')).toMatchObject({ status: 403 });
      expect([world.questions, world.dialled]).toEqual([[], []]);
    });

    it('tells each host, port and reason once, and of a flood no more than 50', async () => {
      const run = await world.open({ mode: 'off' });
      for (let time = 0; time < 2; time += 1) {
        await run.ask('http://example.org/a');
        await run.ask('http://EXAMPLE.org.:80/b');
        await connectAnswer(run, 'example.org:443');
      }
      const reason = 'network_off';
      expect(run.refused).toEqual([
        { host: 'example.org', port: 80, reason },
        { host: 'example.org', port: 443, reason },
      ]);
      for (let host = 0; host < 60; host += 1) await run.ask(`http://host-${host}.example/`);
      expect(run.refused).toHaveLength(50);
    });
  });

  describe('with a list of hosts', () => {
    it('passes what is on it and refuses the rest before anybody resolves its name', async () => {
      const run = await world.open(only({ host: 'example.org' }), server);
      expect(await run.ask('http://example.org/a?b')).toMatchObject({ status: 200, body: 'served' });
      expect(await getThrough(await tunnelTo(run, 'example.org:443'), '/c', 'example.org')).toBe(
        '200 served',
      );
      expect(seen.map(({ url }) => url)).toEqual(['/a?b', '/c']);
      const refused = await run.ask('http://secret-in-a-name.other.example/');
      expect(refused.status).toBe(403);
      expect(refused.body).toMatch(/^secret-in-a-name\.other\.example:80 is not among the hosts/);
      expect((await connectAnswer(run, 'example.org:22'))?.status).toBe(403);
      expect(world.questions).toEqual(['example.org', 'example.org']);
      const reason = 'host_not_allowed';
      expect(run.refused).toEqual([
        { host: 'secret-in-a-name.other.example', port: 80, reason },
        { host: 'example.org', port: 22, reason },
      ]);
    });

    it('keeps the lists of two runs apart', async () => {
      const one = await world.open(only({ host: 'example.org' }), server);
      const two = await world.open(only({ host: 'other.example' }), server);
      const ask = async (run: ProxiedRun) => [
        (await run.ask('http://example.org/')).status,
        (await run.ask('http://other.example/')).status,
      ];
      expect([await ask(one), await ask(two)]).toEqual([
        [200, 403],
        [403, 200],
      ]);
    });
  });

  describe('with the network on', () => {
    it('connects to exactly what was checked, after one question', async () => {
      world.dns['rebinding.example'] = [['93.184.216.36', '93.184.216.37'], ['127.0.0.1']];
      const run = await world.open(ON, server);
      expect((await run.ask('http://rebinding.example:8080/')).status).toBe(200);
      expect(world.questions).toEqual(['rebinding.example']);
      expect(world.dialled).toEqual(['93.184.216.36,93.184.216.37 8080']);
      expect((await run.ask('http://rebinding.example:8080/')).status).toBe(403);
      expect(world.dialled).toHaveLength(1);
    });

    it('refuses whatever leads inside, by name or by number', async () => {
      world.dns['inside.example'] = ['10.0.0.1'];
      const run = await world.open(ON, server);
      const inside = ['inside.example', '127.0.0.1', '[::ffff:127.0.0.1]', '2130706433', '169.254.169.254'];
      for (const host of inside) {
        expect(await run.ask(`http://${host}/`)).toMatchObject({
          status: 403,
          body: expect.stringContaining('EGRESS_TRUSTED_HOSTS'),
        });
        expect((await connectAnswer(run, `${host}:443`))?.status).toBe(403);
      }
      expect(world.dialled).toEqual([]);
      expect(run.refused).toContainEqual({ host: 'inside.example', port: 80, reason: 'address_not_public' });
      expect(run.refused).toContainEqual({ host: '127.0.0.1', port: 443, reason: 'address_not_public' });
    });

    it('reaches inside where the operator says so', async () => {
      world.dns['registry.inside'] = ['10.0.0.1'];
      const run = await world.open(ON, server, ['registry.inside:4873', `127.0.0.1:${portOf(server)}`]);
      expect((await run.ask('http://registry.inside:4873/')).status).toBe(200);
      expect((await run.ask('http://registry.inside/')).status).toBe(403);
      expect((await run.ask(`http://127.0.0.1:${portOf(server)}/`)).status).toBe(200);
      const none = await world.open({ mode: 'off' }, server, ['registry.inside:4873']);
      expect((await none.ask('http://registry.inside:4873/')).status).toBe(403);
    });

    it('answers 502 for what is unknown or away, which is no refusal', async () => {
      const run = await world.open(ON);
      expect(await run.ask('http://nowhere.example/')).toMatchObject({
        status: 502,
        body: 'The host nowhere.example is not known. Check its name.\n',
      });
      expect(await connectAnswer(run, 'example.org:443')).toMatchObject({
        status: 502,
        body: 'example.org:443 cannot be reached (ECONNREFUSED). Try again later.\n',
      });
      expect(run.refused).toEqual([]);
    });

    it.each(['ftp://example.org/', 'http://user@example.org/', 'https://example.org/'])(
      'does not take %s',
      async (url) => {
        const run = await world.open(ON, server);
        expect((await run.ask(url)).status).toBe(400);
      },
    );
  });

  describe('for a host that may only be read', () => {
    it.each(['GET', 'HEAD', 'OPTIONS'])('passes %s', async (method) => {
      const run = await world.open(only({ host: 'example.org', methods: 'read' }), server);
      expect((await run.ask('http://example.org/', { method })).status).toBe(200);
    });

    it.each([
      ['POST', {}],
      ['PUT', { body: 'x' }],
      ['DELETE', {}],
      ['PROPFIND', {}],
      ['GET', { body: 'much', headers: { 'content-length': '4' } }],
      ['GET', { body: 'much', headers: { 'transfer-encoding': 'chunked' } }],
      ['GET', { headers: { connection: 'upgrade', upgrade: 'websocket' } }],
    ])('refuses %s %j', async (method, init) => {
      const run = await world.open(only({ host: 'example.org', methods: 'read' }), server);
      const { status, body } = await run.ask('http://example.org/', { method, ...init });
      expect([status, body]).toEqual([403, expect.stringMatching(/^This session may only read from/)]);
      expect(run.refused).toEqual([{ host: 'example.org', port: 80, reason: 'method_not_allowed' }]);
      expect([world.questions, seen]).toEqual([[], []]);
    });

    it('reads the requests of a tunnel, too', async () => {
      const run = await world.open(only({ host: 'example.org', methods: 'read' }), server);
      const tunnel = () => tunnelTo(run, 'example.org:80');
      expect(await getThrough(await tunnel(), '/a', 'example.org')).toBe('200 served');
      expect(await getThrough(await tunnel(), '/a', 'other.example')).toMatch(/^400 The Host header/);
      const socket = await tunnel();
      socket.write('POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 1\r\n\r\nx');
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 /);
      expect(seen).toHaveLength(1);
    });
  });

  describe('passes messages', () => {
    it('without the headers of a connection, and to the host of the address', async () => {
      answer = (req, res) => {
        seen.push({ method: '', url: '', headers: req.headers, body: '' });
        res.writeHead(200, {
          connection: 'close, x-hop',
          'x-hop': '1',
          'x-end': '2',
          'set-cookie': ['a', 'b'],
        });
        res.end();
      };
      const run = await world.open(ON, server);
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
      expect(seen[0]?.headers).toEqual({ host: 'example.org:8080', 'x-public': '2', connection: 'close' });
      expect(headers).toMatchObject({ 'x-end': '2', 'set-cookie': ['a', 'b'] });
      expect(headers).not.toHaveProperty('x-hop');
    });

    it.each(['POST', 'DELETE'])('with a body that is framed anew: %s', async (method) => {
      const run = await world.open(ON, server);
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
      expect(seen.map(({ url, body }) => [url, body])).toEqual([
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
    ])('but none that can be read in two ways: %#', async (headers) => {
      const run = await world.open(ON, server);
      const socket = connectTo(run.socketPath);
      socket.end(`POST http://example.org/a HTTP/1.1\r\nHost: example.org\r\n${headers}\r\n\r\n0\r\n\r\n`);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 4(00|31) /);
      expect(seen).toEqual([]);
    });

    it('as streams, and no faster than they are read', async () => {
      let sent = 0;
      const chunk = Buffer.alloc(64 * 1024);
      answer = (_, res) => {
        const go = () => {
          if (res.destroyed) return;
          sent += chunk.length;
          if (res.write(chunk)) setImmediate(go);
          else res.once('drain', go);
        };
        go();
      };
      const run = await world.open(ON, server);
      const outgoing = request({ socketPath: run.socketPath, path: 'http://example.org/' });
      outgoing.end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      let before = -1;
      await waitFor(() => [before, (before = sent)].every((count) => count === sent), {
        what: 'a stand still',
      });
      expect(sent).toBeLessThan(32 * 1024 * 1024);
      const stoodAt = sent;
      response.resume();
      await waitFor(() => sent > stoodAt + 64 * 1024 * 1024, { what: 'more' });
      outgoing.destroy();
    });
  });

  describe('when a run ends', () => {
    it('ends what is open, on both sides, and takes nothing more', async () => {
      const accepted: Socket[] = [];
      const echo = createTcpServer((socket) => void accepted.push(socket.on('error', () => undefined)));
      echo.listen(0, '127.0.0.1');
      await once(echo, 'listening');
      const run = await world.open(ON, echo as Server);
      const tunnel = await tunnelTo(run, 'example.org:5432');
      tunnel.on('error', () => undefined);
      await waitFor(() => accepted.length === 1, { what: 'the connection' });
      const ended = Promise.all([once(tunnel, 'close'), once(accepted[0] as Socket, 'close')]);
      run.egress.close();
      await ended;
      await expect(run.tunnel('example.org:5432')).rejects.toThrow();
      echo.close();
    });

    it('frees the places of those that have gone before', async () => {
      const run = await world.open(ON, server);
      const tunnels = await Promise.all(Array.from({ length: 128 }, () => tunnelTo(run, 'example.org:443')));
      expect(await run.ask('http://example.org/')).toMatchObject({ status: 503 });
      for (const tunnel of tunnels) tunnel.destroy();
      await waitFor(async () => (await run.ask('http://example.org/')).status === 200, { what: 'a place' });
    });
  });
});
