import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Diff, FilePatch } from '@saas-codex/contracts/diffs';
import type { Problem } from '@saas-codex/contracts/problems';
import { MAX_PACK_BYTES } from '@saas-codex/contracts/runner-api';
import type { Session } from '@saas-codex/contracts/sessions';
import { type AgentCommits, type Commit, MAX_AGENT_COMMITS, type Push } from '@saas-codex/contracts/shipping';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { packCommits, startPackingRunner } from '@saas-codex/testing/backend/packing-runner';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';
import { WorkspaceLimits } from '../src/workspaces/workspace-limits.js';

/* Codex's own commits: a real clone, packed by the runner's script, and shipped to a real git server. The jail has specs of its own. */

const execute = promisify(execFile);

let git: GitServer;
let runner: Awaited<ReturnType<typeof startPackingRunner>>;
let backend: TestBackend;
let root: string;
let repositories = 0;

beforeAll(async () => {
  [git, root] = await Promise.all([startGitServer(), mkdtemp(join(tmpdir(), 'saas-codex-agent-commits-'))]);
  runner = await startPackingRunner(root);
  backend = await startBackend({
    RUNNER_URL: runner.url,
    WORKSPACES_ROOT: root,
    GIT_TRUSTED_HOSTS: git.host,
  });
});
afterAll(async () => {
  await backend.stop();
  runner.stop();
  await git.stop();
  await rm(root, { recursive: true, force: true });
});

async function call<T>(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const answer = await backend.fetch(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as T & Problem };
}

const AGENT = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_AUTHOR_NAME: 'Agent',
  GIT_AUTHOR_EMAIL: 'agent@localhost',
  GIT_COMMITTER_NAME: 'Agent',
  GIT_COMMITTER_EMAIL: 'agent@localhost',
};

/** A session on a repository of its own, and a shell for its agent. */
async function open(files: Parameters<GitServer['createRepository']>[1] = { 'README.md': '# Hello\n' }) {
  const name = `acme/own-${++repositories}`;
  const repo_url = await git.createRepository(name, files);
  const created = await call<Session>('POST', '/api/sessions', { repo_url, title: 'Fix the roses' });
  const id = created.body.session_id;
  const session = await waitFor(async () => {
    const { body } = await call<Session>('GET', `/api/sessions/${id}`);
    return body.status === 'provisioning' ? null : body;
  });
  expect(session).toMatchObject({ status: 'ready' });
  const [at, repo, history] = [`/api/sessions/${id}`, join(root, id, 'repo'), join(root, id, 'history.git')];
  const shell = async (script: string) =>
    (await execute('bash', ['-e', '-c', script], { cwd: repo, env: AGENT, maxBuffer: 1e8 })).stdout.trim();
  return {
    id,
    at,
    name,
    repo,
    history,
    base: session.base_commit ?? '',
    shell,
    list: async () => (await call<AgentCommits>('GET', `${at}/agent-commits`)).body,
    commit: (body: object) => call<Commit>('POST', `${at}/commits`, { mode: 'agent', ...body }),
  };
}

async function push(at: string, commit_id: string): Promise<Push> {
  const { body } = await call<Push>('POST', `${at}/pushes`, { commit_id });
  const done = await waitFor(async () => {
    const { body: now } = await call<Push>('GET', `${at}/pushes/${body.push_id}`);
    return now.status === 'pending' ? null : now;
  });
  expect(done).toMatchObject({ status: 'pushed' });
  return done;
}

const inRepository = async (path: string, ...args: string[]) =>
  (await execute('git', args, { cwd: path })).stdout.trim();
const sql = (statement: string, parameters: unknown[]) =>
  backend.app.get(DataSource).query(statement, parameters);

it('ships each of them as a step with its message, and what is in none of them as a last one', async () => {
  const { id, at, name, base, shell, list, commit } = await open();
  expect(await list()).toMatchObject({ head: null, items: [], refused: null });
  await shell(`
    echo red > rose.txt; git add -A
    git commit -qm "$(printf 'Add a r\\xe2\\x80\\xaeose\\n\\nIt is red.\\n\\nSigned-off-by: Someone <s@example.org>')"
    git commit -q --allow-empty -m 'Nothing'
    git checkout -q --detach; git checkout -qb side HEAD~1; echo yellow > tulip.txt; git add -A; git commit -qm Side
    git checkout -q --detach main; git merge -q --no-ff -m 'Merge the tulip' side
    GIT_AUTHOR_DATE='1990-01-01T00:00:00Z' git rm -q README.md; git commit -qm 'Remove the readme'
    echo rest > rest.txt`);
  const listed = await list();
  expect(
    listed.items.map(({ subject, body, files, replaced }) => ({ subject, body, files, replaced })),
  ).toEqual([
    { subject: 'Add a rose', body: 'It is red.', files: 1, replaced: [] },
    { subject: 'Merge the tulip', body: '', files: 1, replaced: [] },
    { subject: 'Remove the readme', body: '', files: 1, replaced: [] },
  ]);
  const calls = runner.calls();
  const run = randomUUID();
  await sql('UPDATE sessions SET active_run_id = $2 WHERE id = $1', [id, run]);
  expect(await list()).toMatchObject({ head: null, items: [], refused: expect.stringContaining('run') });
  await sql('UPDATE sessions SET active_run_id = NULL WHERE id = $1', [id]);
  const { head, tree } = await list();
  expect([head, runner.calls()]).toEqual([await shell('git rev-parse HEAD'), calls]);

  // Only what was read goes out.
  const stale = { tree, head: base };
  expect(await commit(stale)).toMatchObject({ status: 409, body: { code: 'files_changed' } });
  await shell('git commit -q --allow-empty -m More');
  expect(await commit({ tree, head })).toMatchObject({ status: 409, body: { code: 'files_changed' } });
  const unread = await shell('git rev-parse HEAD');
  expect(await commit({ tree, head: unread })).toMatchObject({
    status: 409,
    body: { code: 'files_changed' },
  });
  expect(await commit({ tree })).toMatchObject({ status: 400 });
  await shell('git reset -q --soft HEAD~1');

  const made = await commit({ tree, head, message: 'Add the rest' });
  expect(made).toMatchObject({ status: 201, body: { mode: 'agent', commits: 4, parent: base, tree } });
  const { branch } = await push(at, made.body.commit_id);
  const log = (format: string) =>
    inRepository(git.path(name), 'log', '--reverse', `--format=${format}`, `${base}..${branch}`);
  expect((await log('%T')).split('\n')).toEqual([...listed.items.map(({ to }) => to), tree]);
  expect((await log('%s')).split('\n')).toEqual([
    'Add a rose',
    'Merge the tulip',
    'Remove the readme',
    'Add the rest',
  ]);
  expect(await inRepository(git.path(name), 'log', '-1', '--format=%B', `${branch}~3`)).toBe(
    'Add a rose\n\nIt is red.\n\nCo-authored-by: Codex <noreply@openai.com>',
  );
  expect(await log('%an%cn%ae')).not.toContain('gent');
  expect(await log('%ad')).not.toContain('1990');
  expect((await log('%P')).split('\n').every((parents) => parents.length === 40)).toBe(true);

  // What comes next begins there: what was shipped and is in no commit of Codex's stays as it is.
  expect(await list()).toMatchObject({ head: null, items: [] });
  await shell(`echo white > rose.txt; git commit -qm 'Make it white' rose.txt`);
  const next = await list();
  expect(next.items).toMatchObject([{ subject: 'Make it white', from: tree, files: 1 }]);
  expect(next.items[0]?.to).toBe(next.tree);
  const second = await commit({ tree: next.tree, head: next.head });
  expect(second.body).toMatchObject({ commits: 1, parent: made.body.oid, tree: next.tree });
  expect(second.body.message).toMatch(/^Make it white\n/);

  // Behind what was shipped, there is nothing to ship.
  await shell('git reset -q --soft HEAD~3');
  expect(await list()).toMatchObject({ head: null, items: [], refused: null });
});

it('continues a push of one commit, too, of which it has taken in nothing', async () => {
  const { at, shell, list, commit } = await open();
  await shell('echo 1 > one.txt; git add -A; git commit -qm One; echo x > by-hand.txt');
  const squashed = await call<Commit>('POST', `${at}/commits`, {});
  await push(at, squashed.body.commit_id);
  await shell('git reset -q --soft HEAD~1');
  expect(await list()).toMatchObject({ head: null, items: [], refused: null });
  await shell('git reset -q ORIG_HEAD');
  await shell('echo 2 > two.txt; git add two.txt; git commit -qm Two');
  const { head, tree, items } = await list();
  expect(items).toMatchObject([{ subject: 'Two', files: 1, from: squashed.body.tree, to: tree }]);
  expect((await commit({ head, tree })).body).toMatchObject({ commits: 1, parent: squashed.body.oid, tree });
  // An earlier version did not note where the clone was.
  await sql('UPDATE session_commits SET agent_head = NULL WHERE id = $1', [squashed.body.commit_id]);
  expect(await list()).toMatchObject({ head: null, items: [], refused: null });
});

it('shows what a commit holds that no diff of the end does, and lets it out on request alone', async () => {
  const { at, shell, list, commit } = await open({ 'a.txt': '1\n', 'same.txt': 'same\n' });
  await shell(`
    echo password > secret.txt; echo 2 > a.txt; rm same.txt; git add -A; git commit -qm 'Try it'
    git rm -q secret.txt; echo 3 > a.txt; echo same > same.txt; git add -A; git commit -qm 'Do it'
    echo fine > final.txt; git add -A; git commit -qm 'Finish'`);
  const { head, tree, items } = await list();
  expect(items.map(({ replaced, replaced_files }) => [replaced, replaced_files])).toEqual([
    [['a.txt', 'secret.txt'], 2],
    [[], 0],
    [[], 0],
  ]);
  const { from = '', to = '' } = items[0] ?? {};
  const { body: diff } = await call<Diff>('GET', `${at}/diff?from=${from}&to=${to}`);
  expect(diff.files.map(({ path }) => path).toSorted()).toEqual(['a.txt', 'same.txt', 'secret.txt']);
  const patch = await call<FilePatch>('GET', `${at}/diff/file?path=secret.txt&from=${from}&to=${to}`);
  expect(patch.body.patch).toContain('+password');

  const refused = await commit({ head, tree });
  expect(refused).toMatchObject({ status: 409, body: { code: 'replaced_contents' } });
  expect(refused.body.detail).toContain('a.txt, secret.txt');
  expect(await commit({ head, tree, with_replaced: true })).toMatchObject({
    status: 201,
    body: { commits: 3 },
  });
});

it('is told nothing by what an agent does to its own repository', async () => {
  const { at, name, repo, shell, list, commit } = await open();
  const marker = join(root, 'ran');
  await shell(`
    echo true > word.txt; git add -A; git commit -qm 'Tell the truth'; real=$(git rev-parse HEAD)
    echo false > word.txt; git add -A; git commit -qm 'Lie'; lie=$(git rev-parse HEAD)
    # The name of a folder without files is in no diff.
    folders=$( (git ls-tree $real; printf "040000 tree $(git mktree </dev/null)\\tpassword\n") | git mktree)
    git reset -q --hard $(git commit-tree -p $real -m 'Whisper' $folders); git replace $real $lie; mkdir -p .git/info
    echo "$real" > .git/info/grafts
    echo "$real" > .git/shallow`);
  const program = `touch ${marker}`;
  await writeFile(
    join(repo, '.git', 'config'),
    `[core]\n fsmonitor = ${program}\n sshCommand = ${program}\n hooksPath = ${join(repo, '.git', 'hooks')}\n pager = ${program}\n[uploadpack]\n packObjectsHook = ${program}\n[include]\n path = /dev/full\n`,
  );
  await mkdir(join(repo, '.git', 'hooks'), { recursive: true });
  for (const hook of ['pre-commit', 'post-checkout', 'reference-transaction', 'pre-auto-gc']) {
    await writeFile(join(repo, '.git', 'hooks', hook), `#!/bin/sh\n${program}\n`);
    await chmod(join(repo, '.git', 'hooks', hook), 0o755);
  }
  const { head, tree, items } = await list();
  expect(items).toMatchObject([{ subject: 'Tell the truth', to: tree }]);
  expect(items).toHaveLength(1);
  const made = await commit({ head, tree });
  const { branch } = await push(at, made.body.commit_id);
  expect(await inRepository(git.path(name), 'cat-file', '-p', `${branch}:word.txt`)).toBe('true');
  expect(await inRepository(git.path(name), 'rev-list', '--objects', branch)).not.toContain('password');
  expect(existsSync(marker)).toBe(false);
});

/** What the agent does, and how the refusal begins. */
const REFUSED: [string, string, RegExp][] = [
  [
    'a tree with a .git in it',
    `blob=$(echo x | git hash-object -w --stdin)
     inner=$(printf "100644 blob $blob\\tconfig\\n" | git mktree)
     tree=$(printf "040000 tree $inner\\t.git\\n" | git mktree)
     git update-ref HEAD $(git commit-tree -p HEAD -m Bad $tree)`,
    /^They hold what git does not accept/,
  ],
  [
    'a mode that git has not',
    `blob=$(echo x | git hash-object -w --stdin)
     tree=$( (printf '100666 a.txt\\0'; printf "$(echo $blob | sed 's/../\\\\x&/g')") | git hash-object -w -t tree --literally --stdin)
     git update-ref HEAD $(git commit-tree -p HEAD -m Bad $tree)`,
    /^They hold what git does not accept/,
  ],
  [
    'a commit with a forged header',
    `git update-ref HEAD $(printf "tree $(git rev-parse HEAD^{tree})\\nparent $(git rev-parse HEAD)\\nauthor A <a 0 +0000\\ncommitter A <a> 0 +0000\\n\\nx\\n" | git hash-object -w -t commit --literally --stdin)`,
    /^They hold what git does not accept/,
  ],
  [
    'a submodule',
    `git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub; git commit -qm Sub`,
    /^One of them changes the submodule sub\./,
  ],
  [
    'too many commits',
    `for n in $(seq ${MAX_AGENT_COMMITS + 1}); do git commit -q --allow-empty -m $n; done`,
    /^There are more than 200 of them\./,
  ],
  [
    'too many files',
    `blob=$(echo x | git hash-object -w --stdin)
     tree=$(seq 50001 | sed "s/.*/100644 blob $blob\tf&/" | git mktree)
     git update-ref HEAD $(git commit-tree -p HEAD -m Many $tree)`,
    /^They change too many files\./,
  ],
  ['another history', `git checkout -q --orphan new; git commit -qm New`, /^They do not continue/],
  [
    'a history in which the base came by a merge',
    `git checkout -q --orphan new; git commit -qm New; git merge -q --allow-unrelated-histories -m Merge main`,
    /^They do not continue/,
  ],
  ['an amended base', `git commit -q --amend -m Amended`, /^They do not continue/],
];

it.each(REFUSED)('refuses %s, and still makes one commit', async (_name, script, why) => {
  const { at, shell, history, list, commit } = await open();
  await shell(`echo fine > fine.txt; git add -A; ${script}`);
  const head = await shell('git rev-parse HEAD');
  const { tree, items, refused } = await list();
  expect([items, refused]).toEqual([[], expect.stringMatching(why)]);
  expect(await commit({ head, tree, with_replaced: true })).toMatchObject({ status: 409 });
  expect(await readdir(history)).not.toContain('quarantine');
  const squashed = await call<Commit>('POST', `${at}/commits`, {});
  expect([squashed.status, squashed.body.tree]).toEqual([201, tree]);
});

it('takes in nothing of a pack that is not whole, too large or not asked for', async () => {
  const { shell, history, list } = await open();
  await shell('echo one > one.txt; git add -A; git commit -qm One; rm one.txt');
  const head = await shell('git rev-parse HEAD');
  const objects = () =>
    inRepository(history, 'cat-file', '--batch-all-objects', '--batch-check', '--unordered');
  const packs: [string, Parameters<typeof runner.packing>[0]][] = [
    ['no pack', async () => Buffer.from('PACK and more')],
    ['nothing', async () => Buffer.alloc(0)],
    [
      'too large',
      async (repo) => {
        await writeFile(join(root, 'large'), randomBytes(MAX_PACK_BYTES));
        const objects = `(git hash-object -w ${join(root, 'large')}; git rev-list --objects ${head})`;
        const packed = { cwd: repo, encoding: 'buffer', maxBuffer: 2 * MAX_PACK_BYTES } as const;
        return (await execute('bash', ['-c', `${objects} | git pack-objects -q --stdout`], packed)).stdout;
      },
    ],
    ['cut off', async (repo, request) => (await packCommits(repo, request))?.subarray(0, -25) ?? null],
    [
      'without the files',
      async (repo) => {
        const commits = `echo ${head} | git --git-dir=${repo}/.git pack-objects -q --stdout`;
        return (await execute('bash', ['-c', commits], { encoding: 'buffer' })).stdout;
      },
    ],
    [
      'of something else',
      async (repo) => {
        const blob = `git --git-dir=${repo}/.git rev-parse HEAD:one.txt | git --git-dir=${repo}/.git pack-objects -q --stdout`;
        return (await execute('bash', ['-c', blob], { encoding: 'buffer' })).stdout;
      },
    ],
  ];
  for (const [what, pack] of packs) {
    const { items, refused } = await runner.packing(pack, list);
    expect([what, items, refused]).toEqual([what, [], expect.stringMatching(/^They /)]);
    expect([what, (await objects()).includes(head)]).toEqual([what, false]);
  }
  expect(await list()).toMatchObject({ head, refused: null, items: [{ subject: 'One' }] });
});

it('refuses a file that no checkpoint would hold', async () => {
  const { shell, list } = await open();
  await shell(
    'head -c 2000 /dev/zero > large; git add -A; git commit -qm Large; git rm -q large; git commit -qm Small',
  );
  const limits: { checkpointFileBytes: number } = backend.app.get(WorkspaceLimits, { strict: false });
  const before = limits.checkpointFileBytes;
  limits.checkpointFileBytes = 1_000;
  try {
    expect((await list()).refused).toMatch(/^One of them has a file that is too large/);
  } finally {
    limits.checkpointFileBytes = before;
  }
  expect(await list()).toMatchObject({ refused: null, items: [{ replaced: ['large'] }, { replaced: [] }] });
});

it('goes on after a crash, and knows a clone that is at the base, behind it or unreadable', async () => {
  const { base, repo, shell, history, list, commit } = await open();
  await shell('echo one > one.txt; git add -A; git commit -qm One');
  const { head } = await list();
  await inRepository(history, 'update-ref', '-d', `refs/agent/${head}`);
  await mkdir(join(history, 'quarantine', 'pack'), { recursive: true });
  await writeFile(join(history, 'quarantine', 'pack', 'tmp_pack_x'), 'x');
  const again = await list();
  expect(again).toMatchObject({ head, items: [{ subject: 'One' }] });
  expect(await readdir(history)).not.toContain('quarantine');
  expect(await commit({ head, tree: again.tree })).toMatchObject({ status: 201 });

  await shell(`git reset -q --soft ${base}`);
  expect(await list()).toMatchObject({ head: null, items: [], refused: null });
  await writeFile(join(repo, '.git', 'HEAD'), `${'1'.repeat(40)}\n`);
  const missing = await list();
  expect(missing).toMatchObject({ items: [], refused: expect.any(String) });
  await rm(join(repo, '.git', 'HEAD'));
  expect(await list()).toMatchObject({ head: null, items: [], refused: null });
});
