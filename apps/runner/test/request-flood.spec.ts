import { channel } from 'node:diagnostics_channel';
import { connect, type Socket } from 'node:net';
import { EgressWorld, only, type ProxiedRun } from '@saas-codex/testing/runner/egress-world';

const CONNECTIONS = 32;
const REQUESTS = 4_000;
const ON = { mode: 'on' } as const;
/** Counts all requests that Node's servers parse, handled or not. */
const parsed = channel('http.server.request.start');

describe('a flood of requests from one run', () => {
  let world: EgressWorld;
  let flood: number;
  const count = (message: unknown) => {
    const { request, server } = message as { request: { url: string }; server: unknown };
    if (request.url.endsWith('/flood') && server !== world.server) flood += 1;
  };

  beforeAll(async () => {
    world = await EgressWorld.create();
    parsed.subscribe(count);
  });
  beforeEach(() => {
    world.reset();
    flood = 0;
  });
  afterAll(async () => {
    parsed.unsubscribe(count);
    await world.destroy();
  });

  /** Resolves when the connection has been closed. */
  function send(socket: Socket, url: string): Promise<unknown> {
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined).resume();
    socket.write(`GET ${url} HTTP/1.1\r\nHost: example.org\r\n\r\n`.repeat(REQUESTS));
    return closed;
  }

  const onSocket = async (run: ProxiedRun) => connect(run.socketPath);
  const behindBody = async (run: ProxiedRun) => {
    const socket = connect(run.socketPath);
    socket.write('POST http://example.org/ HTTP/1.1\r\nHost: example.org\r\nContent-Length: 1\r\n\r\nx');
    return socket;
  };
  const inTunnel = async (run: ProxiedRun) => {
    const made = await run.tunnel('example.org:80');
    if ('answer' in made) throw new Error(made.answer.body);
    return made.socket;
  };

  it.each([
    ['on its socket', onSocket, 'http://example.org/flood', ON],
    ['behind a body', behindBody, 'http://example.org/flood', ON],
    ['for the model', onSocket, '/flood', ON],
    ['in a tunnel that is read', inTunnel, '/flood', only({ host: 'example.org', methods: 'read' })],
  ])('is cut off before it is parsed, while others are served: %s', async (_, open, url, network) => {
    // The first request is never answered.
    world.answer = () => undefined;
    const run = await world.open(network);
    const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(run)));
    await Promise.all(sockets.map((socket) => send(socket, url)));
    expect(flood).toBeLessThanOrEqual(2 * CONNECTIONS);
    const other = await world.open({ mode: 'off' });
    expect((await other.ask('http://example.org/')).status).toBe(403);
  });
});
