import { execFileSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import type { Commit } from '@saas-codex/contracts/shipping';
import type { BaseBranch, BaseUpdate } from '@saas-codex/contracts/updates';
import { repoOf, runCommand } from '@saas-codex/testing/backend/generated-histories';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';

/** The branch of the repository moves on while a session works. */
let world: SessionsWorld;
beforeAll(async () => {
  world = await SessionsWorld.create();
  await world.startRunner();
});
afterAll(() => world.destroy());

type Answer<T> = T & { code?: string };

let count = 0;
async function open(files: Record<string, string>) {
  const name = `base-${++count}`;
  const repoUrl = await world.git.createRepository(name, files);
  const { session_id } = (await world.create({ repo_url: repoUrl })).body as Session;
  const atHost = (...args: string[]) =>
    execFileSync('git', ['-C', world.git.path(name), ...args], { encoding: 'utf8' }).trim();
  return {
    ...at(session_id),
    atHost,
    advance: async (next: Record<string, string>) => {
      await world.git.commit(name, next);
      return atHost('rev-parse', 'main');
    },
  };
}

/** What a test does in one session. */
function at(id: string) {
  const path = `/api/sessions/${id}`;
  const repo = repoOf(world, id);
  return {
    id,
    path,
    read: (file: string) => readFile(join(repo, file), 'utf8'),
    does: (commands: string) => runCommand(world, id, commands),
    base: () => world.call<Answer<BaseBranch>>('GET', `${path}/base`),
    update: () => world.call<Answer<BaseUpdate>>('POST', `${path}/updates`),
    /** Until the merge is done. */
    updated: async () => {
      const { body } = await world.call<BaseUpdate>('POST', `${path}/updates`);
      await world.runIs(body.run.run_id, 'succeeded');
      return body;
    },
    revert: async (runId: string) => {
      const { body } = await world.call<Run>('POST', `${path}/reverts`, { scope: 'run', run_id: runId });
      return world.runIs(body.run_id, 'succeeded');
    },
    session: async () => (await world.call<Session>('GET', path)).body,
    changed: async () => (await world.call<Diff>('GET', `${path}/diff`)).body.files.map((file) => file.path),
    commit: async (mode: Commit['mode'] = 'squash') =>
      (await world.call<Commit>('POST', `${path}/commits`, { mode, leave_out: false })).body,
    history: (...args: string[]) =>
      execFileSync('git', ['-C', join(world.root, id, 'history.git'), ...args], { encoding: 'utf8' }).trim(),
  };
}

test('a session says how far it is behind, gets what it lacks, and its changes begin there', async () => {
  const one = await open({ 'README.md': '# Garden\n', 'roses.txt': 'red\n' });
  expect((await one.base()).body).toMatchObject({ branch: 'main', behind: 0 });
  expect(await one.update()).toMatchObject({ status: 409, body: { code: 'nothing_to_change' } });
  await one.does('echo white > lilies.txt');
  const before = await one.session();
  await one.advance({ 'roses.txt': 'yellow\n' });
  const head = await one.advance({ 'moss.txt': 'green\n' });
  expect((await one.base()).body).toMatchObject({ behind: 2, commit: head });

  const answer = await one.update();
  expect(answer).toMatchObject({
    status: 202,
    body: { behind: 2, conflicts: [], resolving: null, run: { kind: 'edit', prompt: 'Merge “main”' } },
  });
  const { run_id: runId } = answer.body.run;
  await world.runIs(runId, 'succeeded');
  expect(await one.read('roses.txt')).toBe('yellow\n');
  expect(await one.changed()).toEqual(['lilies.txt']);
  expect(await one.session()).toMatchObject({ base_commit: head, diff: { files: 1 } });
  expect((await one.base()).body).toMatchObject({ behind: 0 });

  // The agent's own repository does not have the branch's commits.
  const review = await world.call<Run>('POST', `${one.path}/reviews`, { target: { type: 'base' } });
  await world.runIs(review.body.run_id, 'succeeded');
  expect(world.model.requests.flatMap(({ prompts }) => prompts).join()).toContain(before.base_commit);

  // To undo it, revert it. To do it again, revert that, or update again.
  const undone = await one.revert(runId);
  expect(await one.read('roses.txt')).toBe('red\n');
  expect(await one.changed()).toEqual(['lilies.txt']);
  expect(await one.session()).toMatchObject({ base_commit: before.base_commit, diff: before.diff });
  expect((await one.base()).body).toMatchObject({ behind: 2 });
  await one.revert(undone.run_id);
  expect(await one.read('roses.txt')).toBe('yellow\n');
  expect(await one.session()).toMatchObject({ base_commit: head, diff: before.diff });
});

test('a look at the branch changes nothing that others are reading', async () => {
  const one = await open({ 'roses.txt': 'red\n' });
  const borrowed = () => stat(join(world.root, one.id, 'history.git/objects/info/alternates'));
  const before = await borrowed();
  await one.advance({ 'roses.txt': 'yellow\n' });
  expect((await one.base()).body).toMatchObject({ behind: 1 });
  expect(await borrowed()).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
});

test('the next commit has the merged branch as a parent', async () => {
  const one = await open({ 'roses.txt': 'red\n' });
  const start = (await one.session()).base_commit ?? '';
  await one.does('echo white > lilies.txt');
  const head = await one.advance({ 'roses.txt': 'yellow\n' });
  await one.updated();
  await one.does('echo tall > lilies.txt');

  const squashed = await one.commit();
  expect(one.history('log', '--format=%P', '-1', squashed.oid)).toBe(head);
  expect(one.history('diff', '--name-only', head, squashed.oid)).toBe('lilies.txt');

  // By prompts: what came before the merge begins where the session was then.
  const { oid } = await one.commit('per_run');
  const [last, merge, first] = one.history('log', '--first-parent', '--format=%H %P', oid).split('\n');
  const [, mergedFrom, mergedTo] = merge?.split(' ') ?? [];
  expect(last?.split(' ').slice(1)).toEqual([merge?.split(' ')[0]]);
  expect(mergedTo).toBe(head);
  expect(first).toBe(`${mergedFrom} ${start}`);
  expect(one.history('diff', '--name-only', start, String(mergedFrom))).toBe('lilies.txt');
  expect(one.history('log', '--format=%s', '-1', String(merge?.split(' ')[0]))).toBe('Merge “main”');
  expect(one.history('rev-parse', `${oid}^{tree}`)).toBe(one.history('rev-parse', `${squashed.oid}^{tree}`));
});

test('where both have changed the same lines, the files get markers, and Codex is asked to resolve them', async () => {
  const one = await open({ 'roses.txt': 'red\n', 'moss.txt': 'green\n' });
  await one.does('echo pink > roses.txt');
  await one.advance({ 'roses.txt': 'yellow\n', 'moss.txt': 'dark green\n' });
  const { run, resolving, ...found } = await one.updated();
  expect(found).toEqual({ behind: 1, conflicts: ['roses.txt'] });
  expect(run.kind).toBe('edit');
  expect(resolving?.prompt).toContain('- roses.txt');
  await world.runIs(resolving?.run_id ?? '', 'succeeded');
  expect(await one.read('roses.txt')).toMatch(/^<{7} .*\npink\n={7}\nyellow\n>{7} /);
  expect(await one.read('moss.txt')).toBe('dark green\n');
});

test('of two updates at the same time one is done, and the same request again does nothing twice', async () => {
  const one = await open({ 'roses.txt': 'red\n' });
  await one.advance({ 'moss.txt': 'green\n' });
  const answers = await Promise.all([one.update(), one.update()]);
  // The later one fails when its turn comes, or is refused at once if the other is done by then.
  const ends = await Promise.all(
    answers.map(async ({ status, body }) =>
      status === 202 ? (await world.runIs(body.run.run_id, 'succeeded', 'failed')).status : body.code,
    ),
  );
  expect(ends.filter((end) => end === 'succeeded')).toHaveLength(1);
  expect(['failed', 'nothing_to_change']).toContain(ends.find((end) => end !== 'succeeded'));
  expect(await one.changed()).toEqual([]);

  await one.does('echo pink > roses.txt');
  await one.advance({ 'roses.txt': 'yellow\n' });
  const headers = { 'idempotency-key': 'once' };
  const again = () => world.call<BaseUpdate>('POST', `${one.path}/updates`, undefined, headers);
  const told = await again();
  await world.runIs(told.body.resolving?.run_id ?? '', 'succeeded');
  expect((await again()).body.run.run_id).toBe(told.body.run.run_id);
  const { items } = (await world.call<{ items: Run[] }>('GET', `${one.path}/runs`)).body;
  expect(
    items.filter(({ prompt }) => prompt?.startsWith('This was done to the files: Merge “main”.')),
  ).toHaveLength(1);
});

test('a rewind and a fork to before the update begin where the session began then', async () => {
  const one = await open({ 'roses.txt': 'red\n' });
  const { base_commit: start } = await one.session();
  const before = await one.does('echo white > lilies.txt');
  const head = await one.advance({ 'roses.txt': 'yellow\n' });
  await one.updated();
  const after = await one.does('echo tall > lilies.txt');

  const { body } = await world.call<Session>('POST', `${one.path}/fork`, { run_id: before.run_id });
  const fork = at(body.session_id);
  await world.sessionIs(fork.id, 'ready');
  expect(await fork.session()).toMatchObject({ base_commit: start });
  expect(await fork.changed()).toEqual(['lilies.txt']);
  expect((await fork.base()).body).toMatchObject({ behind: 1 });
  await fork.updated();
  expect(await fork.read('roses.txt')).toBe('yellow\n');
  expect(await fork.changed()).toEqual(['lilies.txt']);

  const moved = async (way: string, body?: object) => {
    expect((await world.call('POST', `${one.path}/${way}`, body)).status).toBe(202);
    return one.session();
  };
  // To before the update, back to after it, and to between the two.
  expect(await moved('rewind', { run_id: before.run_id })).toMatchObject({ base_commit: start });
  expect(await one.read('roses.txt')).toBe('red\n');
  expect(await one.changed()).toEqual([]);
  expect(await moved('rewind/undo')).toMatchObject({ base_commit: head });
  expect(await moved('rewind', { run_id: after.run_id })).toMatchObject({ base_commit: head });
  expect(await one.read('roses.txt')).toBe('yellow\n');
  expect(await one.changed()).toEqual(['lilies.txt']);
});

test('what keeps it from merging is said', async () => {
  const name = 'base-gone';
  const repoUrl = await world.git.createRepository(name, { 'roses.txt': 'red\n' });
  await world.git.commit(name, { 'moss.txt': 'green\n' }, 'work');
  const { body: session } = await world.create({ repo_url: repoUrl, ref: 'work' });
  const one = at((session as Session).session_id);
  expect((await one.base()).body).toMatchObject({ branch: 'work', behind: 0 });
  execFileSync('git', ['-C', world.git.path(name), 'update-ref', '-d', 'refs/heads/work']);
  expect(await one.update()).toMatchObject({ status: 422, body: { code: 'ref_not_found' } });
  expect(await one.session()).toMatchObject({ status: 'ready', active_run_id: null });

  const none = at(((await world.create({})).body as Session).session_id);
  expect(await none.base()).toMatchObject({ status: 409, body: { code: 'base_missing' } });
});
