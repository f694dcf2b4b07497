import { access, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@saas-codex/testing/wait-for';
import { RunnerWorld } from '@saas-codex/testing/runner/runner-world';

const SCENARIOS = [
  { name: 'stay', match: 'Stay', steps: [{ do: 'endless' as const }] },
  { name: 'any', steps: [{ do: 'message' as const, text: 'Done.' }] },
];

describe('the folder of a killed runner', () => {
  let world: RunnerWorld;
  let shared: string;

  beforeAll(async () => {
    world = await RunnerWorld.create(SCENARIOS);
    shared = await mkdtemp(join(tmpdir(), 'of-several-runners-'));
  });
  afterAll(async () => {
    await world.destroy();
    await rm(shared, { recursive: true, force: true });
  });

  const startRunner = () => world.startRunner({ ISOLATION: 'bubblewrap', TMPDIR: shared });
  const folders = async () =>
    (await readdir(shared)).filter((name) => name.startsWith('saas-codex-')).toSorted();

  it('is removed by the next runner, and no other folder is', async () => {
    const killed = await startRunner();
    const [ofKilled = ''] = await folders();
    const runId = await world.startRun(killed, await world.createThread(killed), 'Stay');
    await waitFor(() => world.requestsFor('Stay') === 1);
    const living = await startRunner();
    expect(await folders()).toHaveLength(2);
    await killed.end('SIGKILL');
    await access(join(shared, ofKilled, runId, 'run.sock'));

    const target = join(world.root, 'target');
    await mkdir(target);
    await writeFile(join(target, 'kept'), '');
    await symlink(target, join(shared, 'saas-codex-linked'));
    await writeFile(join(shared, 'saas-codex-a-file'), '');
    const [beginning, abandoned] = ['saas-codex-begins', 'saas-codex-leftov'];
    await mkdir(join(shared, beginning));
    await mkdir(join(shared, abandoned));
    await utimes(join(shared, abandoned), 0, 0);
    const before = await folders();
    await startRunner();

    const after = await folders();
    expect(before.filter((name) => !after.includes(name)).toSorted()).toEqual(
      [ofKilled, abandoned].toSorted(),
    );
    expect(after).toHaveLength(before.length - 2 + 1);
    expect(await readdir(target)).toEqual(['kept']);
    const next = await world.startRun(living, await world.createThread(living), 'Go on');
    expect((await world.ended(next)).at(-1)?.type).toBe('run.succeeded');
  });
});
