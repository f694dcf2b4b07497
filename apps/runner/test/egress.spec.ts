import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { jest } from '@jest/globals';
import type { ApprovalDecision, Destination } from '@saas-codex/contracts/approval-questions';
import type { NetworkInput } from '@saas-codex/contracts/network';
import { waitFor } from '@saas-codex/testing/wait-for';
import { NetworkQuestions } from '../src/runs/network-questions.js';
import type { Question } from '../src/runs/run-questions.js';
import { EgressWorld, only, portOf, type ProxiedRun } from '@saas-codex/testing/runner/egress-world';

const ON: NetworkInput = { mode: 'on' };

describe('the egress proxy', () => {
  let world: EgressWorld;

  beforeAll(async () => {
    world = await EgressWorld.create();
  });
  beforeEach(() => world.reset());
  afterAll(() => world.destroy());

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
    it('refuses everything with a reason and looks up no name', async () => {
      const run = await world.open({ mode: 'off' });
      const plain = await run.ask('http://example.org/');
      expect(plain).toMatchObject({
        status: 403,
        body: expect.stringMatching(/^The network is off for this session/),
      });
      expect(await connectAnswer(run, 'example.org:443')).toMatchObject({ status: 403, body: plain.body });
      expect(await connectAnswer(run, '127.0.0.1:22')).toMatchObject({ status: 403 });
      expect([world.questions, world.dialled]).toEqual([[], []]);
    });

    it('reports each host, port and reason once, and at most 50 in all', async () => {
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
    it('forwards to the hosts on the list and refuses others before looking up their names', async () => {
      const run = await world.open(only({ host: 'example.org' }));
      expect(await run.ask('http://example.org/a?b')).toMatchObject({ status: 200, body: 'served' });
      expect(await getThrough(await tunnelTo(run, 'example.org:443'), '/c', 'example.org')).toBe(
        '200 served',
      );
      expect(world.seen.map(({ url }) => url)).toEqual(['/a?b', '/c']);
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
      const one = await world.open(only({ host: 'example.org' }));
      const two = await world.open(only({ host: 'other.example' }));
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

  describe('with a network that asks', () => {
    const ASKS: NetworkInput = { mode: 'ask', hosts: [{ host: 'example.org' }] };

    /** A run whose questions are answered by `answer`, in the order in which they were asked. */
    async function open() {
      const asked: Question[] = [];
      const answers: ((decision: ApprovalDecision) => void)[] = [];
      const questions = new NetworkQuestions();
      questions.askThrough(async (question, answer) => {
        asked.push(question);
        answers.push(answer);
      });
      const isOpen: (() => boolean)[] = [];
      const decide = (destination: Destination, still: () => boolean) => {
        isOpen.push(still);
        return questions.askFor(destination, still);
      };
      const run = await world.open(ASKS, { decide });
      const answer = async (decision: ApprovalDecision) => {
        await waitFor(() => answers.length > 0, { what: 'a question' });
        answers.shift()?.(decision);
      };
      return { run, asked, answer, isOpen };
    }

    it('asks with host and method, and neither looks up nor connects before the answer', async () => {
      const { run, asked, answer } = await open();
      expect((await run.ask('http://example.org/')).status).toBe(200);
      expect(asked).toEqual([]);
      world.reset();
      const posted = run.ask('http://other.example/a', { method: 'POST', body: 'b' });
      const same = run.ask('http://other.example/c');
      const tunnel = run.tunnel('other.example:443');
      await waitFor(() => asked.length === 2);
      expect(asked).toMatchObject([
        { kind: 'network', destination: { host: 'other.example', port: 80, method: 'POST' } },
        { kind: 'network', destination: { host: 'other.example', port: 443, method: null } },
      ]);
      expect([world.questions, world.dialled]).toEqual([[], []]);
      await answer('accept');
      expect([(await posted).status, (await same).status]).toEqual([200, 200]);
      await answer('accept');
      expect('socket' in (await tunnel)).toBe(true);
    });

    it('lets through once, always or never, as the person says', async () => {
      const { run, asked, answer } = await open();
      const once = run.ask('http://other.example/');
      await answer('accept');
      expect((await once).status).toBe(200);
      const always = run.ask('http://other.example/');
      await answer('accept_for_session');
      expect((await always).status).toBe(200);
      expect((await run.ask('http://other.example/')).status).toBe(200);
      const never = connectAnswer(run, 'other.example:443');
      await answer('decline');
      expect((await never)?.status).toBe(403);
      expect((await connectAnswer(run, 'other.example:443'))?.body).toMatch(/^A person was asked, and/);
      expect(asked).toHaveLength(3);
      expect(run.refused).toEqual([{ host: 'other.example', port: 443, reason: 'declined' }]);
    });

    it('keeps an answer for the next connection when nobody waits for it any more', async () => {
      const { run, asked, answer, isOpen } = await open();
      const outgoing = request({ socketPath: run.socketPath, path: 'other.example:443', method: 'CONNECT' });
      outgoing.on('error', () => undefined).end();
      await waitFor(() => asked.length === 1);
      outgoing.destroy();
      await waitFor(() => isOpen[0]?.() === false);
      await answer('accept');
      expect('socket' in (await run.tunnel('other.example:443'))).toBe(true);
      void run.tunnel('other.example:443').catch(() => undefined);
      await waitFor(() => asked.length === 2);
    });

    it('declines what nobody could read, and everything when the run ends', async () => {
      const { run, asked, answer } = await open();
      for (let host = 0; host < 50; host += 1) {
        const refused = run.ask(`http://host-${host}.example/`);
        await answer('decline');
        await refused;
      }
      expect((await run.ask('http://host-50.example/')).status).toBe(403);
      expect(asked).toHaveLength(50);
      const other = await open();
      const waiting = other.run.tunnel('other.example:443');
      await waitFor(() => other.asked.length === 1);
      other.run.egress.close();
      await expect(waiting).rejects.toThrow();
      expect(world.dialled).toEqual([]);
    });
  });

  describe('with the network on', () => {
    it('connects to exactly the addresses that it checked, after one lookup', async () => {
      world.dns['rebinding.example'] = [['93.184.216.36', '93.184.216.37'], ['127.0.0.1']];
      const run = await world.open(ON);
      expect((await run.ask('http://rebinding.example:8080/')).status).toBe(200);
      expect(world.questions).toEqual(['rebinding.example']);
      expect(world.dialled).toEqual(['93.184.216.36,93.184.216.37 8080']);
      expect((await run.ask('http://rebinding.example:8080/')).status).toBe(403);
      expect(world.dialled).toHaveLength(1);
    });

    it('refuses private addresses, by name or by number', async () => {
      world.dns['inside.example'] = ['10.0.0.1'];
      const run = await world.open(ON);
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

    it('reaches private addresses that the operator trusts', async () => {
      world.dns['registry.inside'] = ['10.0.0.1'];
      const run = await world.open(ON, {
        trusted: ['registry.inside:4873', `127.0.0.1:${portOf(world.server)}`],
      });
      expect((await run.ask('http://registry.inside:4873/')).status).toBe(200);
      expect((await run.ask('http://registry.inside/')).status).toBe(403);
      expect((await run.ask(`http://127.0.0.1:${portOf(world.server)}/`)).status).toBe(200);
      const none = await world.open({ mode: 'off' }, { trusted: ['registry.inside:4873'] });
      expect((await none.ask('http://registry.inside:4873/')).status).toBe(403);
    });

    it('refuses a name with thousands of addresses', async () => {
      world.dns['many.example'] = Array.from({ length: 6_000 }, (_, n) => `93.184.${n >> 8}.${n & 255}`);
      world.dns['some.example'] = Array.from({ length: 24 }, (_, n) => `93.184.216.${n}`);
      const run = await world.open(ON);
      expect(await run.ask('http://many.example/')).toMatchObject({
        status: 502,
        body: 'The host many.example has more addresses than can be checked.\n',
      });
      expect((await run.ask('http://some.example/')).status).toBe(200);
    });

    it('answers 502 for unknown or unreachable hosts and reports no refusal', async () => {
      const run = await world.open(ON, { server: null });
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
      'rejects %s',
      async (url) => {
        const run = await world.open(ON);
        expect((await run.ask(url)).status).toBe(400);
      },
    );
  });

  describe('for a read-only host', () => {
    it.each(['GET', 'HEAD', 'OPTIONS'])('forwards %s', async (method) => {
      const run = await world.open(only({ host: 'example.org', methods: 'read' }));
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
      const run = await world.open(only({ host: 'example.org', methods: 'read' }));
      const { status, body } = await run.ask('http://example.org/', { method, ...init });
      expect([status, body]).toEqual([403, expect.stringMatching(/^This session may only read from/)]);
      expect(run.refused).toEqual([{ host: 'example.org', port: 80, reason: 'method_not_allowed' }]);
      expect([world.questions, world.seen]).toEqual([[], []]);
    });

    it('also checks the requests in a tunnel', async () => {
      const run = await world.open(only({ host: 'example.org', methods: 'read' }));
      const tunnel = () => tunnelTo(run, 'example.org:80');
      expect(await getThrough(await tunnel(), '/a', 'example.org')).toBe('200 served');
      expect(await getThrough(await tunnel(), '/a', 'other.example')).toMatch(/^400 The Host header/);
      const socket = await tunnel();
      socket.write('POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 1\r\n\r\nx');
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 /);
      expect(world.seen).toHaveLength(1);
    });
  });

  describe('when a run ends', () => {
    it('closes all connections on both sides and accepts no more', async () => {
      const accepted: Socket[] = [];
      const echo = createServer((socket) => void accepted.push(socket.on('error', () => undefined)));
      echo.listen(0, '127.0.0.1');
      await once(echo, 'listening');
      const run = await world.open(ON, { server: echo });
      const tunnel = await tunnelTo(run, 'example.org:5432');
      tunnel.on('error', () => undefined);
      await waitFor(() => accepted.length === 1, { what: 'the connection' });
      const ended = Promise.all([once(tunnel, 'close'), once(accepted[0] as Socket, 'close')]);
      run.egress.close();
      await ended;
      await expect(run.tunnel('example.org:5432')).rejects.toThrow();
      echo.close();
    });

    it('looks up no more names and connects no more', async () => {
      const answers: ((addresses: string[]) => void)[] = [];
      const resolver = jest.spyOn(world.resolver, 'resolve').mockImplementation((host) => {
        world.questions.push(host);
        return new Promise((resolve) => answers.push(resolve));
      });
      const run = await world.open(ON);
      const asked = [1, 2, 3].map((each) => run.ask(`http://secret-${each}.example/`));
      await waitFor(() => answers.length === 1, { what: 'the first question' });
      run.egress.close();
      answers[0]?.(['93.184.216.34']);
      expect((await Promise.all(asked)).map(({ status }) => status)).not.toContain(200);
      expect([world.questions.length, world.dialled]).toEqual([1, []]);
      resolver.mockRestore();
    });

    it('reuses the places of closed connections', async () => {
      const run = await world.open(ON);
      const tunnels = await Promise.all(Array.from({ length: 128 }, () => tunnelTo(run, 'example.org:443')));
      expect(await run.ask('http://example.org/')).toMatchObject({ status: 503 });
      for (const tunnel of tunnels) tunnel.destroy();
      await waitFor(async () => (await run.ask('http://example.org/')).status === 200, { what: 'a place' });
    });
  });
});
