import { randomUUID } from 'node:crypto';
import { access } from 'node:fs/promises';
import { waitFor } from '../../../tests/support/wait-for.js';
import type { RunnerProcess } from './support/runner-process.js';
import { dataOf, processesNaming, RunnerWorld } from './support/runner-world.js';

/** How long a run that has ended may take to leave no process. */
const GONE_WITHIN_MS = 2_000;
/** A process by this name and no other trace: no terminal, no parent, no environment. */
const TAG = `9${randomUUID().replace(/\D/g, '').slice(0, 8)}`;
const DAEMONS = [
  `env -i setsid sleep ${TAG} >/dev/null 2>&1 &`,
  `(env -i nohup sh -c "(exec sleep ${TAG}) & (setsid sleep ${TAG} &) & exec sleep ${TAG}" >/dev/null 2>&1 &)`,
  `trap "" TERM HUP INT; until [ "$(cat /proc/[0-9]*/cmdline | tr "\\0" "\\n" | grep -cx ${TAG})" -ge 4 ]; do :; done; touch ready; sleep ${TAG}`,
].join('\n');

describe('the end of a jail', () => {
  let world: RunnerWorld;

  beforeAll(async () => {
    // Codex asks what to do next when a command takes long.
    const steps = [{ do: 'command' as const, cmd: DAEMONS }, { do: 'endless' as const }];
    world = await RunnerWorld.create([{ name: 'stay', steps }]);
  });
  afterAll(() => world.destroy());

  /** @returns the ids of runs whose daemons all run */
  async function stay(runner: RunnerProcess, count: number): Promise<string[]> {
    const threads = await Promise.all(Array.from({ length: count }, () => world.createThread(runner)));
    const runs = await Promise.all(threads.map((thread) => world.startRun(runner, thread, 'Stay')));
    for (const thread of threads)
      await waitFor(() => access(world.folder(thread, 'repo', 'ready')).then(() => true), {
        timeoutMs: 30_000,
        what: 'the daemons',
      });
    expect((await processesNaming(TAG)).length).toBeGreaterThanOrEqual(4 * count);
    return runs;
  }

  const nobodyIsLeft = () =>
    waitFor(async () => (await processesNaming(TAG)).length === 0, {
      timeoutMs: GONE_WITHIN_MS,
      what: 'the end of every process',
    });

  it('leaves nobody of runs that are cancelled', async () => {
    const runner = await world.startRunner({ ISOLATION: 'bubblewrap', MAX_CONCURRENT_RUNS: '7' });
    const runs = await stay(runner, 7);
    await Promise.all(runs.map((runId) => runner.call('POST', `/runs/${runId}/cancel`)));
    await nobodyIsLeft();
    for (const runId of runs) expect((await world.ended(runId)).at(-1)?.type).toBe('run.cancelled');
    await runner.end();
  }, 60_000);

  it('leaves nobody of runs whose time is up, and says so', async () => {
    const settings = { MAX_CONCURRENT_RUNS: '6', RUN_TIMEOUT_MINUTES: '0.25' };
    const runner = await world.startRunner({ ISOLATION: 'bubblewrap', ...settings });
    for (const runId of await stay(runner, 6)) {
      const [failure] = dataOf(await world.ended(runId), 'run.failed');
      expect(failure?.reason).toMatch(/longer than it may \(RUN_TIMEOUT_MINUTES\)/);
    }
    await nobodyIsLeft();
    await runner.end();
  }, 60_000);

  it('leaves nobody of runs whose runner is killed', async () => {
    const runner = await world.startRunner({ ISOLATION: 'bubblewrap', MAX_CONCURRENT_RUNS: '7' });
    await stay(runner, 7);
    await runner.end('SIGKILL');
    await nobodyIsLeft();
  }, 60_000);
});
