import { randomUUID } from 'node:crypto';
import { mkdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DelegatedUnit } from '@saas-codex/testing/runner/delegated-unit';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';

/** Prints what an agent sees of its control group, and tries to create one. */
const LOOK =
  'exec 2>&1; setsid sleep 600 & grep ^0:: /proc/self/cgroup; mkdir /sys/fs/cgroup/own; echo "exit $?"';

describe('a runner with a delegated control group', () => {
  let unit: DelegatedUnit;
  let world: RunnerWorld;
  let runner: RunnerProcess;
  let left: string;
  let living: string;
  let leave: () => Promise<void>;

  beforeAll(async () => {
    unit = await DelegatedUnit.make();
    world = await RunnerWorld.create([
      { name: 'look', match: 'Look', steps: [{ do: 'command', cmd: LOOK }, { do: 'endless' }] },
    ]);
    [left, living] = [`saas-codex-${randomUUID()}`, `saas-codex-${randomUUID()}`];
    await mkdir(join(unit.base, left));
    leave = await unit.occupy(living);
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const name of [left, living]) await utimes(join(unit.base, name), longAgo, longAgo);
    runner = await world.startRunner({ ISOLATION: 'bubblewrap' }, unit.subgroup);
  });
  afterAll(async () => {
    await world.destroy();
    await leave();
    await unit.remove();
  });

  it('reports which limits the kernel enforces', async () => {
    const controllers = await readFile(join(unit.base, 'cgroup.controllers'), 'utf8');
    const held = ['memory', 'pids'].some((name) => controllers.split(/\s/).includes(name));
    const { body } = await runner.call('GET', '/health');
    expect(body).toMatchObject({ limits: held ? 'cgroups' : 'watch' });
    expect(body['limits_reason']).toMatch(held ? /^The kernel holds each run to its / : /have no controller/);
  });

  it('removes abandoned groups at its start, but none with processes', async () => {
    expect(await unit.groups()).toEqual([living]);
  });

  it('keeps every process of a run in one group, which agents can neither see nor leave', async () => {
    const runId = await world.startRun(runner, await world.createThread(runner), 'Look');
    const output = await waitFor(async () => {
      const items = dataOf(await world.log(runId), 'item.completed').map(({ item }) => item);
      return items.find(({ type }) => type === 'command_execution');
    });
    expect(output['aggregated_output']).toMatch(/^0::\/\n[^]*exit 1\n$/);
    const groups = await groupsOf(runId);
    expect(groups.length).toBeGreaterThan(3);
    expect(new Set(groups)).toEqual(new Set([`saas-codex-${runId}`]));
    await runner.call('POST', `/runs/${runId}/cancel`);
    expect((await world.ended(runId)).at(-1)?.type).toBe('run.cancelled');
    expect(await processesWith(runId)).toEqual([]);
    expect(await unit.groups()).toEqual([living]);
  });
});

/** The names of the groups of the run's processes. */
async function groupsOf(runId: string): Promise<string[]> {
  const processes = await processesWith(runId);
  const lines = await Promise.all(
    processes.map(({ pid }) => readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')),
  );
  return lines.flatMap((line) => /^0::.*\/([^/\n]+)$/m.exec(line)?.[1] ?? []);
}
