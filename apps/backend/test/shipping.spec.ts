import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AuditPage } from '@saas-codex/contracts/audit';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { Me } from '@saas-codex/contracts/identity';
import type { Credential } from '@saas-codex/contracts/credentials';
import type { Problem } from '@saas-codex/contracts/problems';
import type { RepositoryRule } from '@saas-codex/contracts/repository-rules';
import type { CommitSigning } from '@saas-codex/contracts/signing-key';
import type { Session } from '@saas-codex/contracts/sessions';
import type { Commit, CommitPage, Push, PushPage } from '@saas-codex/contracts/shipping';
import { restartBackend, startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, type TestPerson } from '@saas-codex/testing/backend/people';
import { SHIPPED_FILES, shipsExactly } from '@saas-codex/testing/backend/shipped-histories';
import { startSilentRunner } from '@saas-codex/testing/backend/silent-runner';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { patternOf, search } from '@saas-codex/testing/secret-search';
import { startSshServer } from '@saas-codex/testing/ssh-server';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';
import { RepositoryRuleStore } from '../src/shipping/rules/repository-rule-store.js';
import { PushReconciler } from '../src/shipping/push-reconciler.js';
import { SigningKeysService } from '../src/shipping/signing/signing-keys.service.js';
import { ShippedBranches } from '../src/shipping/shipped-branches.js';
import { WorkspaceLimits } from '../src/workspaces/workspace-limits.js';

/* Commits and pushes, to a real git server that asks for a password, and to a real sshd. */

const execute = promisify(execFile);
const newToken = () => `token-${randomBytes(20).toString('hex')}`;

let git: GitServer;
let runner: Awaited<ReturnType<typeof startSilentRunner>>;
let backend: TestBackend;
let root: string;
let tenantId: string;
let member: TestPerson;
let colleague: TestPerson;
const token = newToken();
let repositories = 0;

const settings = () => ({ RUNNER_URL: runner.url, WORKSPACES_ROOT: root, GIT_TRUSTED_HOSTS: git.host });

beforeAll(async () => {
  [git, runner, root] = await Promise.all([
    startGitServer(),
    startSilentRunner(),
    mkdtemp(join(tmpdir(), 'saas-codex-shipping-')),
  ]);
  backend = await startBackend(settings());
  tenantId = (await call<Me>('GET', '/api/me', undefined, {})).body.tenant.tenant_id;
  member = await createPerson(backend, tenantId, 'member');
  colleague = await createPerson(backend, tenantId, 'member');
  await call('POST', '/api/credentials', { host: git.host, token, owner: 'organisation' }, {});
});
afterAll(async () => {
  await backend.stop();
  runner.stop();
  await git.stop();
  await rm(root, { recursive: true, force: true });
});

type Headers = Record<string, string>;

const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);

async function call<T>(method: string, path: string, body?: object, headers: Headers = member.key) {
  const answer = await backend.fetch(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const { status, headers: sent } = answer;
  return {
    status,
    location: sent.get('location'),
    body: (text === '' ? {} : JSON.parse(text)) as T & Problem,
  };
}

/** A session on a private repository of its own. */
async function open(
  files: Parameters<GitServer['createRepository']>[1] = { 'README.md': '# Hello\n' },
  body = {},
) {
  const name = `acme/app-${++repositories}`;
  const repo_url = await git.createRepository(name, files);
  git.protect(name, { username: 'git', password: token });
  return { name, repo_url, ...(await openAt({ repo_url, title: 'Fix the roses', ...body })) };
}

async function openAt(body: object) {
  const later = { ...member.key, prefer: 'respond-async' };
  const { session_id: id } = (await call<Session>('POST', '/api/sessions', body, later)).body;
  const session = await waitFor(async () => {
    const { body: read } = await call<Session>('GET', `/api/sessions/${id}`);
    return read.status === 'provisioning' ? null : read;
  });
  expect(session).toMatchObject({ status: 'ready' });
  const at = `/api/sessions/${id}`;
  const repo = join(root, id, 'repo');
  return {
    id,
    at,
    repo,
    base: session.base_commit ?? '',
    write: (file: string, text: string) => writeFile(join(repo, file), text),
  };
}

const commit = (at: string, body: object = {}, headers: Headers = member.key) =>
  call<Commit>('POST', `${at}/commits`, body, headers);
const push = (at: string, commit_id: string, branch?: string, headers: Headers = member.key) =>
  call<Push>('POST', `${at}/pushes`, { commit_id, ...(branch && { branch }) }, headers);
const ended = (at: string, { push_id }: Push) =>
  waitFor(async () => {
    const { body } = await call<Push>('GET', `${at}/pushes/${push_id}`);
    return body.status === 'pending' ? null : body;
  });
/** Commits all that is there, and pushes it. */
async function ship(at: string, branch?: string, headers: Headers = member.key) {
  const made = await commit(at, {}, headers);
  expect(made.status).toBe(201);
  const { body } = await push(at, made.body.commit_id, branch, headers);
  return { commit: made.body, push: await ended(at, body) };
}

/** Runs git in the bare repository of the host. */
const atHost = async (name: string, ...args: string[]) =>
  (await execute('git', args, { cwd: git.path(name), encoding: 'utf8' })).stdout.trim();
const hook = (name: string, kind: string, script: string) =>
  writeFile(join(git.path(name), 'hooks', kind), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

describe('a commit', () => {
  it('holds what was reviewed, is by the person with Codex as co-author, and is pushed to a branch of its own', async () => {
    const { at, id, name, repo_url, write, base } = await open();
    await write('rose.txt', 'red\n');
    const { to: tree } = (await call<Diff>('GET', `${at}/diff`)).body;
    await write('rose.txt', 'white\n');
    expect(await commit(at, { tree })).toMatchObject({ status: 409, body: { code: 'files_changed' } });
    await write('rose.txt', 'red\n');

    const key = { ...member.key, 'idempotency-key': randomUUID() };
    const made = await commit(at, { tree, message: 'Add a rose\n\nSigned-off-by: A <a@example.org>' }, key);
    expect(made).toMatchObject({
      status: 201,
      location: `${at}/commits/${made.body.commit_id}`,
      body: {
        tree,
        parent: base,
        commits: 1,
        mode: 'squash',
        left_out: [],
        created_by: { id: member.userId },
      },
    });
    expect(
      (await commit(at, { tree, message: 'Add a rose\n\nSigned-off-by: A <a@example.org>' }, key)).body,
    ).toEqual(made.body);
    expect((await call<CommitPage>('GET', `${at}/commits`)).body.items).toEqual([made.body]);

    const { suggested_branch: branch } = (await call<PushPage>('GET', `${at}/pushes`)).body;
    expect(branch).toBe(`codex/fix-the-roses-${id.slice(-8)}`);
    const sent = await push(at, made.body.commit_id);
    expect(sent).toMatchObject({
      status: 202,
      location: `${at}/pushes/${sent.body.push_id}`,
      body: { status: 'pending', branch },
    });
    const pushed = await ended(at, sent.body);
    expect(pushed).toMatchObject({ status: 'pushed', failure: null, base_ref: 'main', oid: made.body.oid });
    expect(await atHost(name, 'rev-parse', branch, `${branch}^{tree}`, `${branch}^`)).toBe(
      [made.body.oid, tree, base].join('\n'),
    );
    const [person] = await sql<{ name: string; email: string }>(
      'SELECT name, email FROM users WHERE id = $1',
      [member.userId],
    );
    expect(await atHost(name, 'log', '-1', '--format=%an <%ae>%n%cn <%ce>%n%B', branch)).toBe(
      [
        `${person?.name} <${person?.email}>`,
        'saas-codex <no-reply@localhost>',
        'Add a rose\n',
        'Signed-off-by: A <a@example.org>',
        'Co-authored-by: Codex <noreply@openai.com>',
      ].join('\n'),
    );
    expect((await call<Session>('GET', at)).body.last_push).toMatchObject({
      status: 'pushed',
      branch,
      oid: made.body.oid,
    });
    expect(await backend.app.get(ShippedBranches).latest({ tenantId }, id)).toMatchObject({
      repoUrl: repo_url,
      branch,
      oid: made.body.oid,
      baseRef: 'main',
      baseCommit: base,
    });
    expect(await commit(at)).toMatchObject({ status: 409, body: { code: 'nothing_to_commit' } });

    // What comes later continues it, on the same branch.
    await write('tulip.txt', 'yellow\n');
    const next = await ship(at, undefined, colleague.key);
    expect(next).toMatchObject({ commit: { parent: made.body.oid }, push: { status: 'pushed', branch } });
    expect(await atHost(name, 'log', '--format=%s', branch)).toBe('Fix the roses\nAdd a rose\nCommit');
    expect(await atHost(name, 'for-each-ref', '--format=%(refname)')).toBe(
      `refs/heads/${branch}\nrefs/heads/main`,
    );
  });

  it('is one per run on request, each by the person who prompted it', async () => {
    const { at, id, name, write } = await open();
    const trees: string[] = [];
    for (const [n, person] of [member, colleague, member].entries()) {
      await write(`run-${n}.txt`, `${n}\n`);
      const { to } = (await call<Diff>('GET', `${at}/diff`)).body;
      trees.push(to);
      await sql(
        `INSERT INTO runs (id, tenant_id, session_id, ordinal, created_by, author, input, status, tree_before, tree_after, created_at, ended_at)
         VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, 'succeeded', $7, $7, now(), now())`,
        [
          tenantId,
          id,
          n + 1,
          person.userId,
          { kind: 'person', id: person.userId, name: 'Ada' },
          { kind: 'prompt', prompt: `Prompt ${n}\nwith more` },
          to,
        ],
      );
    }
    await write('by-hand.txt', 'x\n');
    const squashed = await commit(at);
    const { body: made } = await commit(at, { mode: 'per_run' });
    expect(made).toMatchObject({ commits: 4, mode: 'per_run', tree: squashed.body.tree });
    expect(await ended(at, (await push(at, made.commit_id, 'one-per-run')).body)).toMatchObject({
      status: 'pushed',
    });
    expect((await atHost(name, 'log', '-4', '--reverse', '--format=%T', 'one-per-run')).split('\n')).toEqual([
      ...trees,
      made.tree,
    ]);
    const emails = (await atHost(name, 'log', '-4', '--reverse', '--format=%ae', 'one-per-run')).split('\n');
    expect([emails[0] === emails[1], emails[0] === emails[2]]).toEqual([false, true]);
    expect(await atHost(name, 'log', '-1', '--format=%B', 'one-per-run~1')).toBe(
      'Prompt 2 with more\n\nPrompt 2\nwith more\n\nCo-authored-by: Codex <noreply@openai.com>',
    );
    // A single one names the others whose prompts are in it.
    expect(squashed.body.message).toMatch(/^Fix the roses\n\nCo-authored-by: .*<.*>\nCo-authored-by: Codex/);
    expect(await push(at, squashed.body.commit_id)).toMatchObject({
      status: 409,
      body: { code: 'commit_outdated' },
    });
  });

  it('says what it would lack, and leaves it out on request only', async () => {
    const { at, write } = await open();
    const limits: { checkpointFileBytes: number } = backend.app.get(WorkspaceLimits, { strict: false });
    const before = limits.checkpointFileBytes;
    limits.checkpointFileBytes = 1_000;
    try {
      await write('huge.bin', 'x'.repeat(2_000));
      await write('small.txt', 'x');
      const refused = await commit(at);
      expect(refused).toMatchObject({ status: 409, body: { code: 'files_left_out' } });
      expect(refused.body.detail).toContain('huge.bin');
      expect(await commit(at, { leave_out: true })).toMatchObject({
        status: 201,
        body: { left_out: ['huge.bin'] },
      });
    } finally {
      limits.checkpointFileBytes = before;
    }
  });

  it('leaves files alone that only the checkout has converted', async () => {
    const { at, name, write } = await open({
      '.gitattributes': '*.txt text eol=crlf\n',
      'a.txt': 'one\n',
      'b.txt': 'two\n',
    });
    await write('b.txt', 'three\r\n');
    const { push: pushed } = await ship(at);
    expect(await atHost(name, 'diff', '--name-only', 'main', pushed.oid)).toBe('b.txt');
    expect(await atHost(name, 'cat-file', '-p', `${pushed.oid}:a.txt`)).toBe('one');
  });

  it('is the first one of an empty repository, and waits while a run works', async () => {
    const name = `empty-${++repositories}`;
    await execute('git', ['init', '-q', '--bare', '-b', 'main', git.path(name)]);
    await execute('git', ['config', 'http.receivepack', 'true'], { cwd: git.path(name) });
    const { at, id, write } = await openAt({ repo_url: `${git.origin}/${name}.git` });
    await write('first.txt', '1\n');
    await sql('UPDATE sessions SET active_run_id = $2 WHERE id = $1', [id, randomUUID()]);
    expect(await commit(at)).toMatchObject({ status: 409, body: { code: 'session_busy' } });
    await sql('UPDATE sessions SET active_run_id = NULL WHERE id = $1', [id]);
    const { push: pushed } = await ship(at, 'main');
    expect(pushed).toMatchObject({ status: 'pushed', base_ref: null });
    expect(await atHost(name, 'log', '--format=%s', 'main')).toBe(`empty-${repositories}`);
    const { at: without, write: writeWithout } = await openAt({});
    await writeWithout('first.txt', '1\n');
    const { body } = await commit(without);
    expect(await push(without, body.commit_id)).toMatchObject({
      status: 409,
      body: { code: 'repository_missing' },
    });
  });
});

describe('a push', () => {
  it('never goes to the default branch, and never over commits of others', async () => {
    const { at, name, write } = await open();
    git.protect(name, null);
    await git.commit(name, { 'theirs.txt': 'x' }, 'taken');
    git.protect(name, { username: 'git', password: token });
    const [main, taken] = (await atHost(name, 'rev-parse', 'main', 'taken')).split('\n');
    await write('rose.txt', 'red\n');
    const { body: made } = await commit(at);
    for (const [branch, code] of [
      ['main', 'branch_protected'],
      ['taken', 'branch_moved'],
    ] as const) {
      const failed = await ended(at, (await push(at, made.commit_id, branch)).body);
      expect(failed).toMatchObject({
        status: 'failed',
        failure: { code, detail: expect.stringMatching(/choose another branch name/i) },
      });
    }
    for (const branch of ['-x', 'a b', 'refs/heads/x', 'a..b', 'HEAD', '../x'])
      expect([branch, (await push(at, made.commit_id, branch)).body.code]).toEqual([branch, 'ref_invalid']);

    const branch = 'codex/roses';
    expect(await ended(at, (await push(at, made.commit_id, branch)).body)).toMatchObject({
      status: 'pushed',
    });
    // Somebody adds to it.
    git.protect(name, null);
    await execute('git', [
      'clone',
      '-q',
      '-b',
      branch,
      git.path(name),
      join(root, `clone-${name.replace('/', '-')}`),
    ]);
    const clone = join(root, `clone-${name.replace('/', '-')}`);
    await execute(
      'git',
      ['-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'Theirs'],
      { cwd: clone },
    );
    await execute('git', ['push', '-q', 'origin', branch], { cwd: clone });
    git.protect(name, { username: 'git', password: token });
    const theirs = await atHost(name, 'rev-parse', branch);
    await write('rose.txt', 'white\n');
    expect((await ship(at)).push).toMatchObject({
      status: 'failed',
      failure: { code: 'branch_moved' },
      branch,
    });
    expect(await atHost(name, 'rev-parse', 'main', 'taken', branch)).toBe([main, taken, theirs].join('\n'));

    // Another name is suggested, and the same commit goes there.
    const { suggested_branch: other } = (await call<PushPage>('GET', `${at}/pushes`)).body;
    const { items } = (await call<CommitPage>('GET', `${at}/commits`)).body;
    expect(await ended(at, (await push(at, items[0]?.commit_id ?? '')).body)).toMatchObject({
      status: 'pushed',
      branch: other,
    });
    await atHost(name, 'update-ref', '-d', `refs/heads/${other}`);
    await write('rose.txt', 'blue\n');
    const gone = (await ship(at)).push;
    expect(gone).toMatchObject({
      status: 'failed',
      failure: { code: 'branch_moved', detail: expect.stringContaining('deleted') },
    });
  });

  it('says what the host says, and goes again once it is mended', async () => {
    const { at, name, write } = await open();
    await hook(
      name,
      'pre-receive',
      `printf '\\033[31mNo issue named.\\033[0m\\nUse PROJ-1: ...\\n' >&2; exit 1`,
    );
    await write('rose.txt', 'red\n');
    const { commit: made, push: refused } = await ship(at);
    expect(refused).toMatchObject({ status: 'failed', failure: { code: 'push_refused' } });
    expect(refused.failure?.detail).toContain('It says: No issue named.\nUse PROJ-1: ...\n');
    await hook(
      name,
      'pre-receive',
      `echo 'Open a pull request: https://git.example.org/new?token=${token}' >&2`,
    );
    expect(await ended(at, (await push(at, made.commit_id)).body)).toMatchObject({
      status: 'pushed',
      host_message: 'Open a pull request: https://git.example.org/new?token=…',
    });

    await write('rose.txt', 'white\n');
    git.protect(name, { username: 'git', password: newToken() });
    const { commit: second, push: denied } = await ship(at);
    expect(denied).toMatchObject({ status: 'failed', failure: { code: 'push_auth_failed' } });
    expect(denied.failure?.detail).toContain('Settings → Git credentials');
    git.protect(name, { username: 'git', password: token });
    expect(await ended(at, (await push(at, second.commit_id)).body)).toMatchObject({ status: 'pushed' });
  });

  it('waits for a host that does not answer, and says until when', async () => {
    const { at, name, write } = await open();
    await write('rose.txt', 'red\n');
    const { body: made } = await commit(at);
    git.fail(name, 503);
    const { body: sent } = await push(at, made.commit_id);
    const waiting = await waitFor(async () => {
      const { body } = await call<Push>('GET', `${at}/pushes/${sent.push_id}`);
      return body.retry_at === null ? null : body;
    });
    expect(waiting).toMatchObject({ status: 'pending', failure: { code: 'push_unreachable' } });
    expect((await call<Session>('GET', at)).body.last_push).toMatchObject({
      status: 'pending',
      retry_at: waiting.retry_at,
    });
    expect(await push(at, made.commit_id)).toMatchObject({ status: 409, body: { code: 'push_in_progress' } });
    git.fail(name, null);
    await sql('UPDATE session_pushes SET retry_at = now() WHERE id = $1', [sent.push_id]);
    await backend.app.get(PushReconciler, { strict: false }).scanNow();
    expect(await ended(at, sent)).toMatchObject({ status: 'pushed', failure: null, retry_at: null });
  });

  it('is made once, whenever the backend ends', async () => {
    for (const [kind, taken] of [
      ['pre-receive', false],
      ['post-receive', true],
    ] as const) {
      const { at, name, write } = await open();
      const gate = join(git.path(name), 'gate');
      const log = join(git.path(name), 'log');
      await hook(
        name,
        kind,
        `echo pushed >> ${log}; touch ${gate}.there; until [ -e ${gate} ]; do sleep 0.02; done; exit ${taken ? 0 : 1}`,
      );
      await write('rose.txt', 'red\n');
      const { body: made } = await commit(at);
      const { body: sent } = await push(at, made.commit_id);
      await waitFor(() => existsSync(`${gate}.there`));
      await backend.close();
      await writeFile(gate, '');
      expect(existsSync(log)).toBe(true);
      if (!taken) await rm(join(git.path(name), 'hooks', kind));
      backend = await restartBackend(backend, settings());
      expect(await ended(at, sent)).toMatchObject({ status: 'pushed', oid: made.oid });
      expect(await atHost(name, 'rev-parse', sent.branch)).toBe(made.oid);
      if (taken) expect(await readFile(log, 'utf8')).toBe('pushed\n');
      expect((await call<CommitPage>('GET', `${at}/commits`)).body.items).toHaveLength(1);
    }
  });

  it('is only for those who may, and keeps the token to itself', async () => {
    const { at, write } = await open({ 'README.md': '# Hello\n' }, { visibility: 'private' });
    await write('rose.txt', 'red\n');
    expect((await commit(at, {}, colleague.key)).status).toBe(404);
    const viewer = await createPerson(backend, tenantId, 'viewer');
    expect((await commit(at, {}, viewer.key)).status).toBe(403);
    // Who has lost the right meanwhile pushes nothing more.
    const leaving = await createPerson(backend, tenantId, 'member');
    const shared = await open();
    await shared.write('rose.txt', 'red\n');
    git.fail(shared.name, 503);
    const { body: made } = await commit(shared.at, {}, leaving.key);
    const { body: sent } = await push(shared.at, made.commit_id, undefined, leaving.key);
    await waitFor(async () => (await call<Push>('GET', `${shared.at}/pushes/${sent.push_id}`)).body.retry_at);
    git.fail(shared.name, null);
    await sql(`UPDATE members SET role = 'viewer' WHERE user_id = $1`, [leaving.userId]);
    await sql('UPDATE session_pushes SET retry_at = now() WHERE id = $1', [sent.push_id]);
    await backend.app.get(PushReconciler, { strict: false }).scanNow();
    expect(await ended(shared.at, sent)).toMatchObject({ status: 'failed', failure: { code: 'forbidden' } });
    const tables = ['session_commits', 'session_pushes', 'sessions', 'audit_entries'].map(async (table) => ({
      name: `table:${table}`,
      content: JSON.stringify(await sql(`SELECT * FROM ${table}`)),
    }));
    const places = [...(await Promise.all(tables)), ...(await filesBelow(root))];
    expect(search(places, { token: patternOf(token) })).toEqual({ token: [] });
  });

  it('goes over ssh with a deploy key', async () => {
    const ssh = await startSshServer();
    const { name } = await open();
    const keyed = await startBackend({ ...settings(), GIT_TRUSTED_HOSTS: ssh.host });
    const ask = async <T>(method: string, path: string, body?: object) => {
      const headers = { 'content-type': 'application/json', prefer: 'respond-async' };
      const answer = await keyed.fetch(path, {
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
      });
      return (await answer.json()) as T & Problem;
    };
    try {
      const key = await ask<Credential>('POST', '/api/credentials', { kind: 'ssh_key', host: ssh.host });
      await ssh.allow(key.public_key ?? '');
      await ask('POST', `/api/credentials/${key.credential_id}/host-keys`);
      await ask('PUT', `/api/credentials/${key.credential_id}/host-keys`, {
        fingerprints: await ssh.fingerprints(),
      });
      const { session_id: id } = await ask<Session>('POST', '/api/sessions', {
        repo_url: ssh.urlOf(git.path(name)),
      });
      const at = `/api/sessions/${id}`;
      await waitFor(async () => (await ask<Session>('GET', at)).status === 'ready');
      await writeFile(join(root, id, 'repo', 'rose.txt'), 'red\n');
      const made = await ask<Commit>('POST', `${at}/commits`, {});
      const sent = await ask<Push>('POST', `${at}/pushes`, { commit_id: made.commit_id });
      const pushed = await waitFor(async () => {
        const read = await ask<Push>('GET', `${at}/pushes/${sent.push_id}`);
        return read.status === 'pending' ? null : read;
      });
      expect(pushed).toMatchObject({ status: 'pushed', failure: null });
      expect(await atHost(name, 'rev-parse', sent.branch)).toBe(made.oid);
    } finally {
      await keyed.stop();
      await ssh.stop();
    }
  });
});

describe('a key that signs commits', () => {
  const KEY = '/api/signing-key';
  const newKey = async (headers: Headers = {}) => {
    const { status, body } = await call<CommitSigning>('POST', KEY, undefined, headers);
    expect(status).toBe(201);
    if (!body.key) throw new Error('There is no key.');
    return body.key;
  };
  afterAll(() => call('DELETE', KEY, undefined, {}));

  /** What git says about a commit at the host, to who trusts these keys. */
  async function verified(name: string, oid: string, publicKeys: string[]): Promise<string> {
    const signers = join(root, `signers-${randomUUID()}`);
    await writeFile(signers, publicKeys.map((key) => `* ${key}\n`).join(''));
    const trusting = ['-c', 'gpg.format=ssh', '-c', `gpg.ssh.allowedSignersFile=${signers}`];
    const verify = execute('git', [...trusting, 'verify-commit', '-v', oid], { cwd: git.path(name) });
    return verify.then(
      ({ stderr }) => stderr,
      ({ stderr }: { stderr: string }) => `refused: ${stderr}`,
    );
  }

  it('signs all of them from then on, and each is verified where it was pushed', async () => {
    expect((await call<CommitSigning>('GET', KEY)).body).toEqual({ key: null });
    expect(await call('POST', KEY)).toMatchObject({ status: 403 });
    expect(await call('DELETE', KEY, undefined, {})).toMatchObject({
      status: 404,
      body: { code: 'signing_key_not_found' },
    });
    const once = { 'idempotency-key': randomUUID() };
    const first = await newKey(once);
    expect(await newKey(once)).toEqual(first);
    expect((await call<CommitSigning>('GET', KEY)).body.key).toEqual(first);

    const { at, name, write, base } = await open();
    await write('rose.txt', 'red\n');
    const again = { ...member.key, 'idempotency-key': randomUUID() };
    const { body: made } = await commit(at, {}, again);
    expect(made.signed_with).toBe(first.fingerprint);
    const { body: sent } = await push(at, made.commit_id);
    expect(await ended(at, sent)).toMatchObject({ status: 'pushed' });
    expect(await verified(name, made.oid, [first.public_key])).toContain(
      `Good "git" signature for * with ED25519 key ${first.fingerprint}`,
    );
    expect(await atHost(name, 'rev-parse', `${made.oid}^{tree}`, `${made.oid}^`)).toBe(
      `${made.tree}\n${base}`,
    );

    // Another key signs what comes then. The same request gives the same commit, whichever key is there now.
    const second = await newKey();
    expect(second.public_key).not.toBe(first.public_key);
    expect((await commit(at, {}, again)).body).toEqual(made);
    await sql(`UPDATE idempotency_keys SET answer = NULL, claimed_at = 'epoch' WHERE key = $1`, [
      again['idempotency-key'],
    ]);
    expect((await commit(at, {}, again)).body).toEqual(made);
    await write('tulip.txt', 'yellow\n');
    const next = await ship(at);
    expect(next).toMatchObject({ commit: { signed_with: second.fingerprint }, push: { status: 'pushed' } });
    const oid = next.push.oid;
    expect(await verified(name, oid, [first.public_key, second.public_key])).toContain(second.fingerprint);
    expect(await verified(name, oid, [first.public_key])).toMatch(/^refused: /);

    // What cannot be signed is not committed.
    await write('lily.txt', 'white\n');
    await sql(`UPDATE secrets SET ciphertext = ciphertext || '\\x00' WHERE kind = 'signing_key'`);
    expect((await commit(at)).status).toBe(500);
    expect((await call<CommitPage>('GET', `${at}/commits`)).body.items).toHaveLength(2);
    await sql(
      `UPDATE secrets SET ciphertext = substr(ciphertext, 1, length(ciphertext) - 1) WHERE kind = 'signing_key'`,
    );

    expect((await call('DELETE', KEY, undefined, {})).status).toBe(204);
    expect((await commit(at)).body.signed_with).toBeNull();
  });

  it('keeps its private half to itself: sealed, and in the memory of an agent for one commit', async () => {
    await newKey();
    const saved = await backend.app.get(SigningKeysService, { strict: false }).current({ tenantId });
    // What comes before is the public half.
    const half = (saved?.privateKey ?? '').replace(/-----.*-----|\s/g, '').slice(212, 250);
    const { at, write } = await open();
    await write('rose.txt', 'red\n');
    const seen: { name: string; content: Buffer }[] = [];
    const done = new AbortController();
    const watching = (async () => {
      while (!done.signal.aborted) seen.push(...(await processes()), ...(await temporaryFiles()));
    })();
    const { push: pushed } = await ship(at).finally(() => done.abort());
    await watching;
    expect(pushed).toMatchObject({ status: 'pushed' });
    expect(seen.filter(({ content }) => content.includes('ssh-agent'))).not.toEqual([]);
    // Other specs may sign something at the same time.
    await waitFor(async () => (await temporaryFiles()).length === 0);
    const tables = await sql<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    const rows = tables.map(async ({ name }) => ({
      name: `table:${name}`,
      content: JSON.stringify(await sql(`SELECT * FROM "${name}"`)),
    }));
    const canary = { name: 'canary', content: `one\n${saved?.privateKey}` };
    const places = [...(await Promise.all(rows)), ...(await filesBelow(root)), ...seen, canary];
    expect(search(places, { half: patternOf(half) })).toEqual({ half: ['canary'] });
  });
});

/** Arguments and environments of everything that runs now. */
async function processes(): Promise<{ name: string; content: Buffer }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const files = pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  return Promise.all(
    files.map(async (name) => ({ name, content: await readFile(name).catch(() => Buffer.alloc(0)) })),
  );
}

/** What signing leaves in the folder of temporary files. */
async function temporaryFiles(): Promise<{ name: string; content: Buffer }[]> {
  const names = (await readdir(tmpdir())).filter((name) => /^(saas-codex-ssh-|\.git_signing)/.test(name));
  const below = await Promise.all(names.map((name) => filesBelow(join(tmpdir(), name)).catch(() => [])));
  return below.flat();
}

describe('a rule for repositories', () => {
  const rule = (path: string, body: object, headers: Headers = {}) =>
    call<RepositoryRule>('POST', '/api/repository-rules', { host: '127.0.0.1', path, ...body }, headers);
  const pushes = async (at: string) => (await call<PushPage>('GET', `${at}/pushes`)).body;

  it('names the branches of those that it covers, and no push gets round it', async () => {
    const { at, id, name, write } = await open();
    const other = await open();
    await rule('acme', { branch_pattern: 'agents/{id}' });
    const { body: nearer } = await rule(`/${name.toUpperCase()}.git/`, {
      branch_pattern: 'codex/{person}/{title}-{id}',
    });
    expect(nearer).toMatchObject({ path: name, allow_default_branch: false });
    const short = id.slice(-8);
    const [person] = await sql<{ name: string }>('SELECT name FROM users WHERE id = $1', [member.userId]);
    const slug = person?.name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    expect(await pushes(at)).toMatchObject({
      suggested_branch: `codex/${slug}/fix-the-roses-${short}`,
      branch_pattern: 'codex/{person}/{title}-{id}',
    });
    expect((await pushes(other.at)).suggested_branch).toBe(`agents/${other.id.slice(-8)}`);

    await write('rose.txt', 'red\n');
    const { body: made } = await commit(at);
    for (const branch of ['main', 'fix-it', `codex/${short}`, `codex/a/b/c-${short}`, 'codex/ada/x-00000000'])
      expect([branch, await push(at, made.commit_id, branch)]).toMatchObject([
        branch,
        { status: 409, body: { code: 'branch_misnamed', detail: expect.stringContaining(`codex/name/`) } },
      ]);
    const chosen = `codex/someone/else-${short}`;
    expect(await ended(at, (await push(at, made.commit_id, chosen)).body)).toMatchObject({
      status: 'pushed',
      branch: chosen,
    });

    // A push that waits for its host goes by the rule of then. What is proposed next follows it, too.
    await write('rose.txt', 'white\n');
    git.fail(name, 503);
    const { body: next } = await commit(at);
    const { body: sent } = await push(at, next.commit_id);
    await waitFor(async () => (await call<Push>('GET', `${at}/pushes/${sent.push_id}`)).body.retry_at);
    const stricter = { branch_pattern: 'bots/{title}-{id}' };
    await call('PATCH', `/api/repository-rules/${nearer.rule_id}`, stricter, {});
    git.fail(name, null);
    await sql('UPDATE session_pushes SET retry_at = now() WHERE id = $1', [sent.push_id]);
    await backend.app.get(PushReconciler, { strict: false }).scanNow();
    expect(await ended(at, sent)).toMatchObject({ status: 'failed', failure: { code: 'branch_misnamed' } });
    expect(await atHost(name, 'rev-parse', chosen)).toBe(made.oid);
    expect((await pushes(at)).suggested_branch).toBe(`bots/fix-the-roses-${short}`);
    expect(await ended(at, (await push(at, next.commit_id)).body)).toMatchObject({ status: 'pushed' });

    // How each ended is in the audit log, besides who asked for it.
    const outcomes = `/api/audit?action=session.push_ended&target=${id}`;
    const system = { actor: { kind: 'system', id: 'system:shipping' }, target: { id } };
    expect((await call<AuditPage>('GET', outcomes, undefined, {})).body.items).toMatchObject([
      { ...system, outcome: 'done', problem: null, changes: { oid: { new: next.oid } } },
      { ...system, outcome: 'refused', problem: 'branch_misnamed', changes: { branch: { new: chosen } } },
      { ...system, outcome: 'done', problem: null, changes: { oid: { new: made.oid } } },
    ]);

    await call('DELETE', `/api/repository-rules/${nearer.rule_id}`, undefined, {});
    expect((await pushes(at)).branch_pattern).toBe('agents/{id}');
  });

  it('alone lets sessions push to the default branch, and to no other than it names', async () => {
    const { at, id, name, write, base } = await open();
    const allowed = { branch_pattern: 'codex/{id}', allow_default_branch: true };
    await rule(name, allowed);
    await write('rose.txt', 'red\n');
    const { body: made } = await commit(at);
    expect(await ended(at, (await push(at, made.commit_id, 'release')).body)).toMatchObject({
      status: 'failed',
      failure: { code: 'branch_misnamed' },
    });
    expect((await pushes(at)).suggested_branch).toBe(`codex/${id.slice(-8)}`);
    expect(await ended(at, (await push(at, made.commit_id, 'main')).body)).toMatchObject({
      status: 'pushed',
    });
    expect(await atHost(name, 'rev-parse', 'main', 'main^')).toBe(`${made.oid}\n${base}`);
    expect((await pushes(at)).suggested_branch).toBe('main');
  });

  it('covers a repository under the other names of its host, also when it was made for one of them', async () => {
    const rules = backend.app.get(RepositoryRuleStore, { strict: false });
    const covering = async (url: string) => (await rules.covering({ tenantId }, url))?.path;
    await rule('acme', { host: 'github.com' });
    await rule('acme', { host: 'altssh.gitlab.com' });
    await rule('acme', { host: 'bitbucket.org' });
    for (const url of [
      'ssh://git@ssh.github.com:443/acme/app',
      'https://gitlab.com/acme/app',
      'ssh://git@altssh.gitlab.com:443/acme/app',
      'ssh://git@altssh.bitbucket.org:443/acme/app.git',
    ])
      expect([url, await covering(url)]).toEqual([url, 'acme']);
    expect(await covering('ssh://git@ssh.example.org/acme/app')).toBeUndefined();
  });

  it('is made by admins, for a place of its own', async () => {
    expect(await rule('mine', {}, member.key)).toMatchObject({ status: 403 });
    expect((await call('GET', '/api/repository-rules')).status).toBe(200);
    expect((await rule('mine', {})).status).toBe(201);
    expect(await rule('MINE/', {})).toMatchObject({ status: 409, body: { code: 'repository_rule_exists' } });
    for (const branch_pattern of [
      'codex/{title}',
      'codex/{title}/{title}-{id}',
      '/{id}',
      'a b/{id}',
      '{id}/{x}',
    ])
      expect([branch_pattern, (await rule('new', { branch_pattern })).status]).toEqual([branch_pattern, 400]);
  });
});

it('what is pushed is bit by bit what was reviewed, whatever the agent does to its own repository', async () => {
  const marker = join(root, 'an-agent-was-here');
  const shipped = { open: () => open(SHIPPED_FILES), bare: (name: string) => git.path(name), call, marker };
  await shipsExactly(shipped, 1);
  expect(existsSync(marker)).toBe(false);
});

/** What is on the disk of the sessions and mirrors. */
async function filesBelow(folder: string): Promise<{ name: string; content: Buffer }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (name) => ({ name, content: await readFile(name).catch(() => Buffer.alloc(0)) })),
  );
}
