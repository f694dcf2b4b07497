import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { NetworkInput } from '@saas-codex/contracts/network';
import { portOf } from '@saas-codex/testing/runner/egress-world';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, RunnerWorld } from '@saas-codex/testing/runner/runner-world';

/** Without a jail there is no proxy either: Codex's own sandbox only supports on and off. */
describe('the network of an agent in Codex’s own sandbox', () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;
  let server: Server;
  let command: string;

  beforeAll(async () => {
    server = createServer((_, res) => res.end('served')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    command = `curl -s http://127.0.0.1:${portOf(server)}/ || echo away`;
    world = await RunnerWorld.create([
      {
        name: 'any',
        steps: [
          { do: 'command', cmd: '{{prompt}}' },
          { do: 'message', text: 'Done.' },
        ],
      },
    ]);
    runner = await world.startRunner({ ISOLATION: 'codex-sandbox' });
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await world.destroy();
  });

  async function run(network: NetworkInput) {
    const threadId = await world.createThread(runner);
    return world.ended(await world.startRun(runner, threadId, command, network));
  }

  it.each([
    ['on', 'served'],
    ['off', 'away'],
  ] as const)('is %s', async (mode, output) => {
    const [item] = dataOf(await run({ mode }), 'item.completed');
    expect(String(item?.item['aggregated_output']).trim()).toBe(output);
  });

  it('cannot be a list, which fails the run with advice before anything has run', async () => {
    const events = await run({ mode: 'allow_list', hosts: [{ host: 'example.org' }] });
    expect(events.map(({ type }) => type)).toEqual(['run.started', 'run.failed']);
    expect(dataOf(events, 'run.failed')[0]?.reason).toMatch(/^A list of allowed hosts needs bubblewrap/);
    expect(world.requestsFor(command)).toBe(2 * 2);
  });
});
