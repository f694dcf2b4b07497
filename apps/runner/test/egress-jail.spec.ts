import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import type { NetworkInput } from '@saas-codex/contracts/network';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { only, portOf } from '@saas-codex/testing/runner/egress-world';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { waitFor } from '@saas-codex/testing/wait-for';
import { createTestAuthority } from '@saas-codex/testing/runner/test-authority';

/** On loopback, but sent to the proxy by every program. */
const HOST = '127.0.0.2';
/** Loopback by name, which programs would otherwise not send to the proxy. */
const EVEN_LOOPBACK = 'NO_PROXY= no_proxy=';

/** Real commands of a real Codex in a real jail, against servers of this spec. */
describe('the network of an agent', () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;
  let git: GitServer;
  let plain: Server;
  let secure: Server;
  let forbidden: Server;
  let seen: string[];
  let places: Record<'http' | 'https' | 'forbidden', string>;

  beforeAll(async () => {
    world = await RunnerWorld.create([
      {
        name: 'any',
        steps: [
          { do: 'command', cmd: '{{prompt}}' },
          { do: 'message', text: 'Done.' },
        ],
      },
    ]);
    const authority = await createTestAuthority([HOST, 'localhost']);
    const serve = (req: IncomingMessage, res: ServerResponse) => {
      seen.push(`${req.method} ${req.url}`);
      if (req.url === '/endless') res.write('on');
      else if (req.url?.startsWith('/-/ping')) res.end('{}');
      else res.end('served');
    };
    plain = createServer(serve).listen(0);
    secure = createSecureServer(authority.server, serve).listen(0);
    forbidden = createServer(serve).listen(0);
    await Promise.all([plain, secure, forbidden].map((server) => once(server, 'listening')));
    git = await startGitServer();
    places = {
      http: `${HOST}:${portOf(plain)}`,
      https: `${HOST}:${portOf(secure)}`,
      forbidden: `${HOST}:${portOf(forbidden)}`,
    };
    const trusted = [places.http, places.https, `localhost:${portOf(secure)}`, git.host];
    const certificates = join(world.root, 'authority.pem');
    await writeFile(certificates, authority.pem);
    runner = await world.startRunner({
      ISOLATION: 'bubblewrap',
      EGRESS_TRUSTED_HOSTS: trusted.join(','),
      NODE_EXTRA_CA_CERTS: certificates,
    });
  });
  beforeEach(() => {
    seen = [];
  });
  afterAll(async () => {
    for (const server of [plain, secure, forbidden]) {
      server.closeAllConnections();
      server.close();
    }
    await git.stop();
    await world.destroy();
  });

  /** Runs a command as the agent. @returns what it printed, and the run's refusals */
  async function run(network: NetworkInput, command: string) {
    const threadId = await world.createThread(runner);
    const events = await world.ended(await world.startRun(runner, threadId, command, network));
    expect(events.at(-1)?.type).toBe('run.succeeded');
    const item = dataOf(events, 'item.completed').find(({ item }) => item.type === 'command_execution');
    return { output: String(item?.item['aggregated_output']), refused: dataOf(events, 'network.refused') };
  }
  const refusal = (place: string, reason: string) => {
    const [host, port] = place.split(':');
    return { host, port: Number(port), reason };
  };

  it('is off by default, and refused hosts are reported', async () => {
    const command = `curl -s http://${places.http}/a; curl -sw "%{http_connect}" https://${places.https}/; true`;
    const { output, refused } = await run({ mode: 'off' }, command);
    expect(output).toMatch(/^The network is off for this session.*\n403/);
    const reason = 'network_off';
    expect(refused).toEqual([refusal(places.http, reason), refusal(places.https, reason)]);
    expect(seen).toEqual([]);
  });

  it('is limited to the list for every program', async () => {
    const repository = await git.createRepository('wanted', { 'a.txt': 'a\n' });
    const list = only({ host: places.http }, { host: places.https }, { host: git.host });
    const { output, refused } = await run(
      list,
      [
        `curl -s http://${places.http}/curl`,
        `curl -s https://${places.https}/secure`,
        `wget -qO- http://${places.http}/wget`,
        `${EVEN_LOOPBACK} git ls-remote ${repository} main | cut -f2`,
        `npm --registry http://${places.http} ping 2>&1 | grep -o PONG`,
        `curl -s http://${places.forbidden}/`,
      ].join('; '),
    );
    expect(output).toMatch(/^servedservedservedrefs\/heads\/main\nPONG\n127\.0\.0\.2:\d+ is not among/);
    expect(seen).toEqual(expect.arrayContaining(['GET /curl', 'GET /secure', 'GET /wget', 'GET /-/ping']));
    expect(refused).toEqual([refusal(places.forbidden, 'host_not_allowed')]);
  });

  it('never reaches private addresses, even when it is on', async () => {
    const { port } = new URL(`http://${places.forbidden}`);
    const hosts = ['localhost', '127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0', '127.1', HOST];
    const tries = hosts.flatMap((host) => [
      `curl -gs http://${host}:${port}/`,
      `curl -gspw "%{http_connect}" http://${host}:${port}/`,
    ]);
    const { output, refused } = await run(
      { mode: 'on' },
      [`curl -s http://${places.http}/`, `export ${EVEN_LOOPBACK}`, ...tries, 'true'].join('; '),
    );
    expect(output.match(/^served/)).not.toBeNull();
    expect(output.match(/EGRESS_TRUSTED_HOSTS\.\n403/g)).toHaveLength(hosts.length);
    expect(seen).toEqual(['GET /']);
    expect(new Set(refused.map(({ reason }) => reason))).toEqual(new Set(['address_not_public']));
    expect(refused.map(({ host }) => host)).toEqual(
      expect.arrayContaining(['localhost', '127.0.0.1', '::1']),
    );
  });

  it('asks a person, and a program waits for the answer', async () => {
    const threadId = await world.createThread(runner);
    const command = `curl -s http://${places.http}/asked; curl -s http://${places.forbidden}/; true`;
    const runId = await world.startRun(runner, threadId, command, { mode: 'ask' });
    const asked = async () => dataOf(await world.log(runId), 'approval.requested');
    for (const [index, decision] of ['accept', 'decline'].entries()) {
      await waitFor(async () => (await asked()).length > index, { what: 'a question' });
      expect(seen).toEqual(index === 0 ? [] : ['GET /asked']);
      const requestId = (await asked())[index]?.request_id;
      await runner.call('POST', `/runs/${runId}/answer`, { requestId, decision });
    }
    const events = await world.ended(runId);
    expect(events.at(-1)?.type).toBe('run.succeeded');
    const [port, other] = [places.http, places.forbidden].map((place) => Number(place.split(':')[1]));
    expect(dataOf(events, 'approval.requested')).toMatchObject([
      { kind: 'network', command: null, destination: { host: HOST, port, method: 'GET' } },
      { kind: 'network', destination: { host: HOST, port: other, method: 'GET' } },
    ]);
    expect(dataOf(events, 'approval.resolved')).toMatchObject([
      { decision: 'accept' },
      { decision: 'decline' },
    ]);
    expect(dataOf(events, 'network.refused')).toEqual([refusal(places.forbidden, 'declined')]);
    const item = dataOf(events, 'item.completed').find(({ item }) => item.type === 'command_execution');
    expect(item?.item['aggregated_output']).toMatch(/^servedA person was asked/);
  });

  it('allows reading only, by http and https', async () => {
    const named = `localhost:${portOf(secure)}`;
    const list = only(
      ...[places.http, places.https, named].map((host) => ({ host, methods: 'read' as const })),
    );
    const urls = [`http://${places.http}`, `https://${places.https}`, `https://${named}`];
    const { output, refused } = await run(
      list,
      [
        `export ${EVEN_LOOPBACK}`,
        ...urls.map((url) => `curl -sS ${url}/read`),
        'echo',
        ...urls.map((url) => `curl -sS -d much ${url}/write`),
        ...urls.map((url) => `curl -sS -X GET -d much ${url}/write`),
        `curl -sS -H "Host: ${HOST}" https://${named}/write`,
        `curl -sSk --connect-to ${named}:${named} https://other.example:${portOf(secure)}/write`,
        `npm --registry https://${named} ping 2>&1 | grep -o PONG`,
        'true',
      ].join('; '),
    );
    expect(output).toMatch(/^servedservedserved\n/);
    expect(output.match(/This session may only read from/g)).toHaveLength(6);
    expect(output).toMatch(/\nPONG\n/);
    expect(output).toMatch(/The Host header must be localhost/);
    expect(seen.filter((line) => line.includes('/write'))).toEqual([]);
    expect(seen).toEqual(expect.arrayContaining(['GET /read', 'GET /-/ping']));
    const reason = 'method_not_allowed';
    for (const place of [places.http, places.https, named])
      expect(refused).toContainEqual(refusal(place, reason));
  });

  it('ends with the run, whose end says so', async () => {
    const threadId = await world.createThread(runner);
    const command = `curl -sN http://${places.http}/endless`;
    const arrived = once(plain, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    const runId = await world.startRun(runner, threadId, command, { mode: 'on' });
    const [, res] = await arrived;
    const closed = once(res, 'close');
    await runner.call('POST', `/runs/${runId}/cancel`);
    await closed;
    const [end] = dataOf(await world.ended(runId), 'run.cancelled');
    expect(end?.stopped?.connections).toBe(1);
  });

  it('does not reach other parts of the runner', async () => {
    const paths = ['v1/models', 'health', 'threads', ''];
    const tries = paths.map((path) => `curl -so /dev/null -w "%{http_code} " http://127.0.0.1:39100/${path}`);
    const { output } = await run({ mode: 'on' }, [...tries, 'true'].join('; '));
    expect(output.trim()).toBe('404 404 404 404');
  });
});
