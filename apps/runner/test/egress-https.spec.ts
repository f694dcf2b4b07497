import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createServer, type Server } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { EgressWorld, only, type ProxiedRun } from '@saas-codex/testing/runner/egress-world';
import { createTestAuthority } from '@saas-codex/testing/runner/test-authority';

const READ_ONLY = only({ host: '*.example', methods: 'read' });

/** How tunnels are decrypted. `egress-jail` tests what passes, since its runner can be configured to trust the test server. */
describe('https to a read-only host', () => {
  let world: EgressWorld;
  let server: Server;

  beforeAll(async () => {
    world = await EgressWorld.create();
    server = createServer((await createTestAuthority(['real.example'])).server, (_, res) =>
      res.end('served'),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  beforeEach(() => {
    world.reset();
    world.dns = { 'real.example': ['93.184.216.34'], 'other.example': ['93.184.216.34'] };
  });
  afterAll(async () => {
    await world.destroy();
    server.closeAllConnections();
    server.close();
  });

  /** A tunnel to real.example, with TLS for `servername`, by a client that trusts the run's authority. */
  async function secured(
    run: ProxiedRun,
    servername: string,
    options: ConnectionOptions = {},
  ): Promise<TLSSocket> {
    const made = await run.tunnel('real.example:443');
    if ('answer' in made) throw new Error(made.answer.body);
    const client = connect({
      socket: made.socket,
      servername,
      ca: String(run.egress.authorities),
      ...options,
    });
    await once(client, 'secureConnect');
    return client;
  }
  async function ask(client: TLSSocket, method: string, host = 'real.example'): Promise<string> {
    const outgoing = request({ createConnection: () => client, method, headers: { host } });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return `${response.statusCode} ${await text(response)}`;
  }

  it('is decrypted with the authority of the run, not of another run', async () => {
    const [one, two] = [await world.open(READ_ONLY, { server }), await world.open(READ_ONLY, { server })];
    const { issuer, subjectaltname } = (await secured(one, 'real.example')).getPeerCertificate();
    expect(issuer.CN).toMatch(/^saas-codex/);
    expect(subjectaltname).toBe('DNS:real.example');
    const stranger = { ...two, egress: one.egress };
    await expect(secured(stranger, 'real.example')).rejects.toThrow(/certificate|signature/);
  });

  it('has no authority when nothing must be decrypted', async () => {
    for (const network of [only({ host: 'real.example' }), { mode: 'on' }, { mode: 'off' }] as const)
      expect((await world.open(network)).egress.authorities).toBeNull();
  });

  it('checks methods before connecting', async () => {
    const run = await world.open(READ_ONLY, { server });
    expect(await ask(await secured(run, 'real.example'), 'POST')).toMatch(/^403 This session may only read/);
    expect(run.refused).toEqual([{ host: 'real.example', port: 443, reason: 'method_not_allowed' }]);
    expect(world.dialled).toEqual([]);
  });

  it('is only for the tunnel’s host, in the Host header and the TLS server name', async () => {
    const run = await world.open(READ_ONLY, { server });
    expect(await ask(await secured(run, 'real.example'), 'GET', 'other.example')).toMatch(/^400 The Host/);
    const checkServerIdentity = () => undefined;
    await expect(secured(run, 'other.example', { checkServerIdentity })).rejects.toThrow();
    expect(world.dialled).toEqual([]);
  });

  it('requires a trusted certificate of the real host', async () => {
    const run = await world.open(READ_ONLY, { server });
    expect(await ask(await secured(run, 'real.example'), 'GET')).toBe(
      '502 No trusted connection to real.example could be made (DEPTH_ZERO_SELF_SIGNED_CERT).\n',
    );
    expect(world.dialled).toEqual(['93.184.216.34 443']);
  });
});
