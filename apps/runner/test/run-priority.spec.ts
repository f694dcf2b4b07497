import { readFile } from 'node:fs/promises';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';

const COMPUTE = '(while :; do :; done) & (while :; do (while :; do :; done); done) & wait';

describe('the priority of a run', () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;

  beforeAll(async () => {
    world = await RunnerWorld.create([
      { name: 'computes', match: 'Compute', steps: [{ do: 'command', cmd: COMPUTE }, { do: 'endless' }] },
      { name: 'stays', steps: [{ do: 'endless' }] },
    ]);
    runner = await world.startRunner({ ISOLATION: 'bubblewrap' });
  });
  afterAll(() => world.destroy());

  const start = async (prompt: string) => world.startRun(runner, await world.createThread(runner), prompt);
  /** Of the processes of a run that are marked as its own, once each. */
  async function nicenessOf(runId: string): Promise<number[]> {
    const marked = await processesWith(runId);
    const stats = await Promise.all(
      marked.map(({ pid }) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
    );
    const known = stats.filter((stat) => stat !== '');
    return [...new Set(known.map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])))];
  }
  const has = (runId: string, niceness: number) =>
    waitFor(
      async () => {
        const found = await nicenessOf(runId);
        return found.length === 1 && found[0] === niceness;
      },
      { everyMs: 200, what: `the niceness ${niceness}` },
    );

  it('is below that of the services, and falls when the run has computed for seconds', async () => {
    const computing = await start('Compute');
    await has(computing, 15);
    const fresh = await start('Stay');
    await has(fresh, 5);
    expect(await nicenessOf(computing)).toEqual([15]);
  });
});
