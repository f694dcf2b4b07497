import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunEvent } from '@saas-codex/contracts/events';
import { portOf } from '@saas-codex/testing/runner/egress-world';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { waitFor } from '@saas-codex/testing/wait-for';

const STOPS = 50;
const AT_ONCE = 5;
const LIMIT_MS = 2_000;
/** On loopback, but sent to the proxy by every program. */
const HOST = '127.0.0.2';

/** A daemon without parent, session and terminal, one that ignores SIGHUP, and a connection that does not end. */
const leaveBehind = (place: string) =>
  `(setsid sleep 1000 >/dev/null 2>&1 &); nohup sleep 1000 >/dev/null 2>&1 & curl -sN http://${place}/{{prompt}} >/dev/null &`;

/** Ids of items that began and were not completed. */
function openItems(events: RunEvent[]): string[] {
  const ids = (type: 'item.started' | 'item.completed') => dataOf(events, type).map(({ item }) => item.id);
  const completed = new Set(ids('item.completed'));
  return ids('item.started').filter((id) => !completed.has(id));
}

describe('a run that is stopped', () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;
  let server: Server;
  /** Prompts whose commands hold a connection. */
  const connected = new Set<string>();

  beforeAll(async () => {
    server = createServer((req, res) => {
      const prompt = (req.url ?? '').slice(1);
      connected.add(prompt);
      res.once('close', () => connected.delete(prompt));
      res.write('on');
    }).listen(0);
    await once(server, 'listening');
    const place = `${HOST}:${portOf(server)}`;
    const message = { do: 'message' as const, text: 'Done.' };
    world = await RunnerWorld.create([
      {
        // Codex lets a command that takes long go on in a background terminal, and the model goes on.
        name: 'terminal',
        match: 'terminal',
        steps: [
          { do: 'command', cmd: 'sleep 1000' },
          { do: 'command', cmd: `${leaveBehind(place)} sleep 1000` },
          message,
        ],
      },
      {
        name: 'foreground',
        steps: [{ do: 'command', cmd: `${leaveBehind(place)} sleep 1000` }, message],
      },
    ]);
    runner = await world.startRunner({
      ISOLATION: 'bubblewrap',
      MAX_CONCURRENT_RUNS: `${AT_ONCE}`,
      EGRESS_TRUSTED_HOSTS: place,
    });
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await world.destroy();
  });

  /** @returns what is left after the limit */
  async function stop(prompt: string) {
    const runId = await world.startRun(runner, await world.createThread(runner), prompt, { mode: 'on' });
    await waitFor(() => connected.has(prompt), { timeoutMs: 60_000, what: `${prompt} to connect` });
    expect((await processesWith(runId)).length).toBeGreaterThan(0);
    await runner.call('POST', `/runs/${runId}/cancel`);
    await delay(LIMIT_MS);
    const events = await world.log(runId);
    const left = {
      processes: await processesWith(runId),
      connected: connected.has(prompt),
      items: openItems(events),
      end: events.at(-1)?.type,
    };
    const [{ stopped } = {}] = dataOf(events, 'run.cancelled');
    return { left, stopped };
  }

  it(`leaves no process, connection or open item after ${LIMIT_MS / 1_000} s, ${STOPS} of ${STOPS} times`, async () => {
    for (let first = 0; first < STOPS; first += AT_ONCE) {
      const prompts = Array.from({ length: AT_ONCE }, (_, index) => {
        const number = first + index;
        return number % 2 === 0 ? `foreground-${number}` : `terminal-${number}`;
      });
      for (const { left, stopped } of await Promise.all(prompts.map(stop))) {
        expect(left).toEqual({ processes: [], connected: false, items: [], end: 'run.cancelled' });
        expect(stopped?.connections).toBe(1);
        expect(stopped?.processes).toBeGreaterThanOrEqual(3);
      }
    }
  }, 900_000);
});
