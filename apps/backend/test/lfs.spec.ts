import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { Problem } from '@saas-codex/contracts/problems';
import type { Session } from '@saas-codex/contracts/sessions';
import type { Commit } from '@saas-codex/contracts/shipping';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { startSilentRunner } from '@saas-codex/testing/backend/silent-runner';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { type LfsTestServer, pointerOf, startLfsServer } from '@saas-codex/testing/lfs-server';
import { patternOf, search } from '@saas-codex/testing/secret-search';
import { waitFor } from '@saas-codex/testing/wait-for';
import { LfsServer } from '../src/workspaces/parts/lfs-server.js';
import { WorkspaceLimits } from '../src/workspaces/workspace-limits.js';

/* Files in Git LFS that a session asks for. Git and HTTP are real; the runner opens threads, and the tests are the agent. */

const execute = promisify(execFile);
const RESTORE = fileURLToPath(new URL('../../runner/jail/restore.sh', import.meta.url));
const ATTRIBUTES = '*.bin filter=lfs diff=lfs merge=lfs -text\n';
/** Two megabytes, so that it comes in more than one piece. */
const LARGE = randomBytes(2 * 1024 * 1024);

let git: GitServer;
let lfs: LfsTestServer;
let runner: Awaited<ReturnType<typeof startSilentRunner>>;
let backend: TestBackend;
let root: string;
let limits: { -readonly [K in keyof WorkspaceLimits]: number };
const password = `token-${randomBytes(20).toString('hex')}`;
const login = { username: 'x-access-token', password };

beforeAll(async () => {
  [git, lfs, runner, root] = await Promise.all([
    startGitServer(),
    startLfsServer(login),
    startSilentRunner(),
    mkdtemp(join(tmpdir(), 'saas-codex-lfs-')),
  ]);
  git.alsoAnswers(lfs.answer);
  backend = await startBackend({
    RUNNER_URL: runner.url,
    WORKSPACES_ROOT: root,
    GIT_TRUSTED_HOSTS: `${git.host},${lfs.host}`,
  });
  limits = backend.app.get(WorkspaceLimits, { strict: false });
  await call('POST', '/api/credentials', {
    host: git.host,
    path: 'private',
    username: login.username,
    token: password,
  });
});
afterAll(async () => {
  await backend.stop();
  runner.stop();
  await Promise.all([git.stop(), lfs.stop()]);
  await rm(root, { recursive: true, force: true });
  expect(lfs.wrong).toEqual([]);
});

async function call<T>(method: string, path: string, body?: object) {
  const answer = await backend.fetch(path, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as T & Problem };
}

const inFolder = async (cwd: string, ...args: string[]) =>
  (await execute('git', args, { cwd, encoding: 'utf8' })).stdout.trim();

async function create(name: string, files: Record<string, string>): Promise<string> {
  const url = await git.createRepository(name, { '.gitattributes': ATTRIBUTES, 'a.txt': 'a\n', ...files });
  git.protect(name, login);
  return url;
}

async function open(repo_url: string, body: object = { include: ['lfs'] }) {
  const created = await call<Session>('POST', '/api/sessions', { repo_url, ...body });
  const session = await waitFor(async () => {
    const { body: now } = await call<Session>('GET', `/api/sessions/${created.body.session_id}`);
    return now.status === 'provisioning' ? null : now;
  });
  expect(session).toMatchObject({ status: 'ready' });
  const id = session.session_id;
  const [folder, repo] = [join(root, id), join(root, id, 'repo')];
  return {
    id,
    folder,
    repo,
    notices: session.notices ?? [],
    detail: (session.notices ?? []).map(({ detail }) => detail).join(),
    read: (path: string) => readFile(join(repo, path)),
    diff: async () => (await call<Diff>('GET', `/api/sessions/${id}/diff`)).body,
  };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

it('puts the contents of a private repository where the pointers were', async () => {
  const [large, small] = [lfs.add(LARGE), lfs.add('small\n')];
  const url = await create('private/art', {
    'large.bin': large.pointer,
    'deep/in/ä b.bin': small.pointer,
    'deep/again.bin': small.pointer,
    'plain.bin': 'no pointer\n',
    // It is the repository's to choose, so it is not asked.
    '.lfsconfig': `[lfs]\n\turl = http://127.0.0.1:9/elsewhere\n`,
  });
  const before = lfs.requests.length;
  const { folder, repo, notices, read, diff } = await open(url);
  expect(notices).toEqual([]);
  expect((await read('large.bin')).equals(LARGE)).toBe(true);
  expect((await read('deep/in/ä b.bin')).toString()).toBe('small\n');
  expect((await read('deep/again.bin')).toString()).toBe('small\n');
  expect((await read('plain.bin')).toString()).toBe('no pointer\n');
  expect(lfs.requests.slice(before).map(({ method }) => method)).toEqual(['POST', 'GET', 'GET']);

  expect(await inFolder(repo, 'status', '--porcelain')).toBe('');
  await inFolder(repo, 'checkout', '-q', '.');
  expect((await read('large.bin')).equals(LARGE)).toBe(true);
  expect(await diff()).toMatchObject({ files: [], omitted: [] });
  expect((await readdir(join(folder, 'history.git'))).filter((name) => name.startsWith('lfs-'))).toEqual([
    'lfs-contents.json',
  ]);

  const files = [...(await filesIn(folder)), ...(await filesIn(join(root, '.mirrors')))];
  const places = await Promise.all(files.map(async (name) => ({ name, content: await readFile(name) })));
  const basic = Buffer.from(`${login.username}:${password}`).toString('base64');
  expect(search(places, { password: patternOf(password), basic: patternOf(basic) })).toEqual({
    password: [],
    basic: [],
  });
});

it('keeps what is executable executable', async () => {
  const { pointer } = lfs.add('#!/bin/sh\n');
  const url = await create('private/modes', { 'tool.bin': pointer });
  const work = await mkdtemp(join(tmpdir(), 'saas-codex-lfs-modes-'));
  await inFolder(work, 'clone', '-q', git.path('private/modes'), '.');
  await inFolder(work, 'update-index', '--chmod=+x', 'tool.bin');
  await inFolder(work, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', 'commit', '-qm', 'Mode');
  await inFolder(work, 'push', '-q', 'origin', 'main');
  await rm(work, { recursive: true });
  const { repo, diff } = await open(url);
  expect((await stat(join(repo, 'tool.bin'))).mode & 0o777).toBe(0o755);
  expect(await diff()).toMatchObject({ files: [], omitted: [] });
});

it('keeps the pointer of contents as they were fetched, and names others as left out', async () => {
  const { pointer } = lfs.add('first contents\n');
  const { id, repo, diff } = await open(
    await create('private/changed', { 'a.bin': pointer, 'b.bin': pointer, 'c.bin': pointer }),
  );
  await utimes(join(repo, 'a.bin'), new Date(), new Date());
  expect(await diff()).toMatchObject({ files: [], omitted: [] });
  // No more is read than of any other file.
  const { checkpointFileBytes } = limits;
  limits.checkpointFileBytes = 'first contents'.length;
  expect(await diff()).toMatchObject({ files: [], omitted: ['a.bin'] });
  limits.checkpointFileBytes = checkpointFileBytes;

  await writeFile(join(repo, 'a.bin'), 'other contents\n');
  await rm(join(repo, 'b.bin'));
  await writeFile(join(repo, 'c.bin'), pointer);
  await writeFile(join(repo, 'a.txt'), 'b\n');
  const changed = await diff();
  expect(changed.omitted).toEqual(['a.bin']);
  expect(changed.files.map(({ path, status }) => [path, status])).toEqual([
    ['a.txt', 'modified'],
    ['b.bin', 'deleted'],
  ]);
  const commit = { message: 'Change', tree: changed.to };
  const refused = await call<Commit>('POST', `/api/sessions/${id}/commits`, commit);
  expect(refused).toMatchObject({ status: 409, body: { code: 'files_left_out' } });
  const made = await call<Commit>('POST', `/api/sessions/${id}/commits`, { ...commit, leave_out: true });
  const history = join(root, id, 'history.git');
  expect(await inFolder(history, 'show', `${made.body.oid}:a.bin`)).toBe(pointer.trim());

  await writeFile(join(repo, 'a.bin'), 'first contents\n');
  expect((await diff()).omitted).toEqual([]);
});

it('leaves contents alone when other files are restored', async () => {
  const { pointer } = lfs.add('picture\n');
  const { folder, repo, read, diff } = await open(
    await create('private/restored', { 'a.bin': pointer, 'gone.bin': pointer }),
  );
  await writeFile(join(repo, 'a.txt'), 'b\n');
  await rm(join(repo, 'gone.bin'));
  const { from, to } = await diff();
  const COMMIT = await inFolder(repo, 'rev-parse', 'HEAD');
  const env = {
    PATH: process.env.PATH,
    REPO: repo,
    HISTORY: join(folder, 'history.git'),
    FROM: to,
    TO: from,
  };
  await execute('bash', [RESTORE], {
    env: { ...env, COMMIT, REF: 'refs/heads/main', SPARE_IGNORED: '' },
  });
  expect((await read('a.txt')).toString()).toBe('a\n');
  expect((await read('a.bin')).toString()).toBe('picture\n');
  // Its contents were in no checkpoint.
  expect((await read('gone.bin')).toString()).toBe(pointer);
  expect(await diff()).toMatchObject({ files: [], omitted: [], to: from });
  expect(await inFolder(repo, 'status', '--porcelain')).toBe('');
});

it('names what it cannot fetch, with the reason, and fetches the others', async () => {
  const bad = {
    hash: lfs.add('right'),
    long: lfs.add('long'),
    gone: lfs.add('gone'),
    nowhere: lfs.add('nowhere'),
    scheme: lfs.add('scheme'),
    forbidden: lfs.add('forbidden'),
  };
  lfs.spoil(bad.hash.oid, 'wrong');
  lfs.spoil(bad.long.oid, 'longer than it said');
  lfs.spoil(bad.gone.oid, 404);
  lfs.redirect(bad.nowhere.oid, 'http://10.0.0.1/object');
  lfs.redirect(bad.scheme.oid, 'file:///etc/passwd');
  lfs.spoil(bad.forbidden.oid, 403);
  const pointers = Object.entries(bad).map(([name, { pointer }]) => [`${name}.bin`, pointer]);
  const unknown = pointerOf('0'.repeat(64), 5);
  const url = await create('private/bad', {
    ...Object.fromEntries(pointers),
    'unknown.bin': unknown,
    'huge.bin': pointerOf('1'.repeat(64), 1e15 - 1),
    'good.bin': lfs.add('good').pointer,
  });
  const { notices, detail, read, diff } = await open(url);
  expect(notices.map(({ code }) => code)).toEqual(['lfs_files_missing']);
  expect(detail).toMatch(/^8 files in Git LFS not fetched\. /);
  expect(detail).toMatch(/hash\.bin: Its Git LFS server sends other contents\./);
  expect(detail).toContain('long.bin: Its Git LFS server sends more than it should.');
  expect(detail).toContain('gone.bin: There is no Git LFS server for it, or no such object,');
  expect(detail).toContain('nowhere.bin: The host 10.0.0.1 is in a private or reserved network');
  expect(detail).toMatch(/scheme\.bin, unknown\.bin: Its Git LFS server does not have it\./);
  expect(detail).toContain('forbidden.bin: The host refused access');
  expect(detail).toContain('huge.bin: There is no room for it');
  expect((await read('good.bin')).toString()).toBe('good');
  expect((await read('unknown.bin')).toString()).toBe(unknown);
  expect(await diff()).toMatchObject({ files: [], omitted: [] });
});

it('fetches no more files than an installation allows', async () => {
  const { pointer } = lfs.add('one of many');
  const url = await create('private/many', { '1.bin': pointer, '2.bin': pointer, '3.bin': pointer });
  const { lfsFiles } = limits;
  try {
    limits.lfsFiles = 1;
    const { detail, read } = await open(url);
    expect(detail).toBe('2 files in Git LFS not fetched. 2.bin, 3.bin: Only 1 of them are fetched.');
    expect((await read('1.bin')).toString()).toBe('one of many');
    expect((await read('2.bin')).toString()).toBe(pointer);
  } finally {
    limits.lfsFiles = lfsFiles;
  }
});

it('gives the credential to the repository’s own host alone', async () => {
  const [stored, own] = [lfs.add('stored'), lfs.add('own')];
  lfs.redirect(stored.oid, `http://${lfs.host}/objects/${stored.oid}`, {
    'X-Signature': 'abc',
    Host: 'other',
  });
  lfs.redirect(own.oid, `${git.origin}/private/both.git/info/lfs/objects/${own.oid}`);
  const url = await create('private/both', { 'stored.bin': stored.pointer, 'own.bin': own.pointer });
  const before = lfs.requests.length;
  expect((await open(url)).notices).toEqual([]);
  const basic = `Basic ${Buffer.from(`${login.username}:${password}`).toString('base64')}`;
  const seen = lfs.requests.slice(before).map(({ path, authorization }) => [path, authorization]);
  expect(seen.toSorted(([a = ''], [b = '']) => a.localeCompare(b))).toEqual([
    [`/objects/${stored.oid}`, undefined],
    [`/private/both.git/info/lfs/objects/${own.oid}`, basic],
    ['/private/both.git/info/lfs/objects/batch', basic],
  ]);
});

it('gives up on a server that does not answer, and ends with whoever asked', async () => {
  const url = await create('private/slow', { 'a.bin': lfs.add('slow').pointer });
  const server = backend.app.get(LfsServer, { strict: false });
  const object = { oid: '0'.repeat(64), size: 1 };
  const { resolveMs } = limits;
  try {
    limits.resolveMs = 0;
    await expect(server.find(url, null, [object], new AbortController().signal)).rejects.toMatchObject({
      code: 'clone_timeout',
    });
  } finally {
    limits.resolveMs = resolveMs;
  }
  const gone = new Error('gone');
  await expect(server.find(url, null, [object], AbortSignal.abort(gone))).rejects.toBe(gone);
});

it('says what to do when the host refuses, and when nobody has asked', async () => {
  const { pointer } = lfs.add('asked for');
  const url = await git.createRepository('open/art', { '.gitattributes': ATTRIBUTES, 'a.bin': pointer });
  expect((await open(url)).detail).toMatch(
    /^1 file in Git LFS not fetched\. a\.bin: The host refused access/,
  );
  const before = lfs.requests.length;
  const { detail, read } = await open(url, {});
  expect(detail).toMatch(/^1 file in Git LFS: a\.bin\. The session has only their pointers.*include: lfs/);
  expect((await read('a.bin')).toString()).toBe(pointer);
  expect(lfs.requests.length).toBe(before);
});
