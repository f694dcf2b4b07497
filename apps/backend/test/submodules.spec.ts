import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
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
import { patternOf, search } from '@saas-codex/testing/secret-search';
import { waitFor } from '@saas-codex/testing/wait-for';
import { systemContext } from '../src/identity/request-context.js';
import { SubmoduleFiles } from '../src/workspaces/parts/submodule-files.js';
import { WorkspaceLimits } from '../src/workspaces/workspace-limits.js';

/* Submodules that a session asks for. The git server is real; the runner opens threads, and the tests are the agent. */

const execute = promisify(execFile);
const RESTORE = fileURLToPath(new URL('../../runner/jail/restore.sh', import.meta.url));
const MISSING_COMMIT = 'c0ffee'.padEnd(40, '0');

let git: GitServer;
let runner: Awaited<ReturnType<typeof startSilentRunner>>;
let backend: TestBackend;
let root: string;
let limits: { -readonly [K in keyof WorkspaceLimits]: number };
const token = `token-${randomBytes(20).toString('hex')}`;

beforeAll(async () => {
  [git, runner, root] = await Promise.all([
    startGitServer(),
    startSilentRunner(),
    mkdtemp(join(tmpdir(), 'saas-codex-submodules-')),
  ]);
  backend = await startBackend({
    RUNNER_URL: runner.url,
    WORKSPACES_ROOT: root,
    GIT_TRUSTED_HOSTS: git.host,
  });
  limits = backend.app.get(WorkspaceLimits, { strict: false });
  await call('POST', '/api/credentials', { host: git.host, path: 'private', token });
});
afterAll(async () => {
  await backend.stop();
  runner.stop();
  await git.stop();
  await rm(root, { recursive: true, force: true });
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
const commitOf = (name: string, ref = 'main') => inFolder(git.path(name), 'rev-parse', ref);
const protect = (name: string) => git.protect(name, { username: 'git', password: token });

/** A submodule: `[its path, its address, its commit]`. */
type Link = [path: string, url: string, commit: string];

const gitmodules = (links: Link[]) =>
  links.map(([path, url], n) => `[submodule "s${n}"]\n\tpath = ${path}\n\turl = ${url}\n`).join('');

/** A repository with submodules. @param file what its `.gitmodules` says instead */
async function createWithLinks(name: string, links: Link[], file: string | null = gitmodules(links)) {
  const url = await git.createRepository(name, {
    'a.txt': 'a\n',
    ...(file !== null && { '.gitmodules': file }),
  });
  const bare = git.path(name);
  const env = { ...process.env, GIT_INDEX_FILE: join(bare, 'links') };
  await execute('git', ['read-tree', 'main'], { cwd: bare, env });
  for (const [path, , commit] of links)
    await execute('git', ['update-index', '--add', '--cacheinfo', `160000,${commit},${path}`], {
      cwd: bare,
      env,
    });
  const tree = (await execute('git', ['write-tree'], { cwd: bare, env })).stdout.trim();
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
  const made = await inFolder(bare, ...identity, 'commit-tree', '-p', 'main', '-m', 'Link', tree);
  await inFolder(bare, 'update-ref', 'refs/heads/main', made);
  return url;
}

async function open(repo_url: string, body: object = { include: ['submodules'] }) {
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
    session,
    detail: (session.notices ?? []).map(({ detail }) => detail).join(),
    read: (path: string) => readFile(join(repo, path), 'utf8'),
    diff: async () => (await call<Diff>('GET', `/api/sessions/${id}/diff`)).body,
  };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** A session with a submodule that has one itself. Both are private. */
async function openNested(name: string) {
  await git.createRepository(`private/${name}-deep`, { 'deep.txt': 'deep\n' });
  protect(`private/${name}-deep`);
  const lib: Link = ['nested', `../${name}-deep.git`, await commitOf(`private/${name}-deep`)];
  await createWithLinks(`private/${name}-lib`, [lib]);
  protect(`private/${name}-lib`);
  const commit = await commitOf(`private/${name}-lib`);
  return open(
    await createWithLinks(`acme/${name}`, [['vendor/lib', `../.././private/${name}-lib.git`, commit]]),
  );
}

it('puts the files of private submodules, and of theirs, into the clone', async () => {
  const { session, folder, repo, read, diff } = await openNested('app');
  expect(session).toMatchObject({ include: ['submodules'], notices: [] });
  expect(await read('vendor/lib/a.txt')).toBe('a\n');
  expect(await read('vendor/lib/nested/deep.txt')).toBe('deep\n');
  expect((await readdir(join(repo, 'vendor/lib'))).toSorted()).toEqual(['.gitmodules', 'a.txt', 'nested']);
  expect(await readdir(join(repo, 'vendor/lib/nested'))).toEqual(['deep.txt']);
  expect(await inFolder(repo, 'status', '--porcelain')).toBe('');
  expect(await diff()).toMatchObject({ files: [], omitted: [] });
  expect(
    (await readdir(join(folder, 'history.git'))).filter((name) => name.startsWith('submodule-')),
  ).toEqual([]);

  const files = [...(await filesIn(folder)), ...(await filesIn(join(root, '.mirrors')))];
  const places = await Promise.all(files.map(async (name) => ({ name, content: await readFile(name) })));
  expect(search(places, { token: patternOf(token) })).toEqual({ token: [] });
});

it('names a submodule as left out when anything in it is not as it was fetched', async () => {
  const { repo, read, diff } = await openNested('changed');
  const omitted = async () => (await diff()).omitted;
  const file = join(repo, 'vendor/lib/nested/deep.txt');
  const added = join(repo, 'vendor/lib/nested/new.txt');
  await writeFile(added, 'new\n');
  expect(await omitted()).toEqual(['vendor/lib/']);
  await rm(added);
  expect(await omitted()).toEqual([]);

  await symlink('/etc', added);
  expect(await omitted()).toEqual(['vendor/lib/']);
  await rm(added);
  await utimes(file, new Date(), new Date());
  expect(await omitted()).toEqual(['vendor/lib/']);
  await rm(file);
  expect(await diff()).toMatchObject({ files: [], omitted: ['vendor/lib/'] });
  expect(await read('vendor/lib/a.txt')).toBe('a\n');

  // Of an empty folder, nothing is left out.
  await rm(join(repo, 'vendor/lib'), { recursive: true });
  await execute('mkdir', [join(repo, 'vendor/lib')]);
  expect(await omitted()).toEqual([]);
});

it('lets changes beside its files be committed and restored', async () => {
  const { id, folder, repo, read, diff } = await openNested('restored');
  await writeFile(join(repo, 'a.txt'), 'b\n');
  const { from, to, omitted } = await diff();
  expect(omitted).toEqual([]);
  const made = await call<Commit>('POST', `/api/sessions/${id}/commits`, { message: 'Change a' });
  expect(made).toMatchObject({ status: 201, body: { tree: to } });

  const env = {
    PATH: process.env.PATH,
    REPO: repo,
    HISTORY: join(folder, 'history.git'),
    FROM: to,
    TO: from,
  };
  await execute('bash', [RESTORE], { env: { ...env, COMMIT: '', REF: '', SPARE_IGNORED: '' } });
  expect(await read('a.txt')).toBe('a\n');
  expect(await read('vendor/lib/nested/deep.txt')).toBe('deep\n');
  expect(await diff()).toMatchObject({ files: [], omitted: [], to: from });
});

it('names what it cannot fetch, with the reason, and fetches the others', async () => {
  await git.createRepository('public/good', { 'good.txt': 'good\n' });
  const good = await commitOf('public/good');
  await git.createRepository('secret/closed', { 'a.txt': 'a\n' });
  protect('secret/closed');
  await execute('git', ['init', '-q', '--bare', git.path('public/empty')]);
  const url = await createWithLinks('acme/bad', [
    ['private', 'https://10.0.0.1/lib.git', good],
    ['unknown', 'https://git.invalid/lib.git', good],
    ['plain', `http://127.0.0.1:9/lib.git`, good],
    ['file', `file://${git.path('public/good')}`, good],
    ['option', '--upload-pack=touch', good],
    ['escapes', '../../../../../etc', good],
    ['gone', '../../public/good.git', MISSING_COMMIT],
    ['empty', '../../public/empty.git', good],
    ['closed', '../../secret/closed.git', await commitOf('secret/closed')],
    ['good', '../../public/good.git', good],
  ]);
  const { session, detail, read, repo, diff } = await open(url);
  expect(session.notices?.map(({ code }) => code)).toEqual(['submodules_missing']);
  expect(detail).toMatch(/^9 submodules not fetched\. /);
  expect(detail).toContain('private: The host 10.0.0.1 is in a private or reserved network.');
  expect(detail).toContain('unknown: The host git.invalid was not found.');
  expect(detail).toMatch(/plain: Use https:/);
  expect(detail).toMatch(/file, option: Give the address as https:/);
  expect(detail).toContain('escapes: Its relative address in .gitmodules leads out of its host.');
  expect(detail).toContain('gone: Its repository does not have its commit c0ffee000000');
  expect(detail).toContain(`empty: Its repository does not have its commit ${good.slice(0, 12)}`);
  expect(detail).toContain('closed: The host refused access');
  expect(await read('good/good.txt')).toBe('good\n');
  expect(await readdir(join(repo, 'closed'))).toEqual([]);
  expect(await diff()).toMatchObject({ files: [], omitted: [] });
});

it('fetches none for a session that does not ask for them, and says how', async () => {
  await git.createRepository('public/unasked', { 'a.txt': 'a\n' });
  const link: Link = ['lib', '../../public/unasked.git', await commitOf('public/unasked')];
  const url = await createWithLinks('acme/unasked', [link]);
  const before = git.requests();
  const first = await open(url, {});
  const requests = git.requests() - before;
  expect(first.session.notices).toEqual([
    { code: 'submodules_missing', detail: expect.stringMatching(/^1 submodule not fetched: lib\..*include/) },
  ]);
  expect(await readdir(join(first.repo, 'lib'))).toEqual([]);

  // Whoever ends it, or a store that is away, ends it for all of them.
  const files = backend.app.get(SubmoduleFiles, { strict: false });
  const ctx = systemContext('provisioning', first.session.session_id);
  const request = { repoUrl: url, commit: first.session.base_commit ?? '', maxBytes: Infinity };
  const outage = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const away = () => Promise.reject(outage);
  await expect(
    files.fetch(ctx, first.id, { ...request, open: away, signal: new AbortController().signal }),
  ).rejects.toBe(outage);
  const gone = new Error('gone');
  await expect(
    files.fetch(ctx, first.id, { ...request, open: away, signal: AbortSignal.abort(gone) }),
  ).rejects.toBe(gone);
  expect(git.requests() - before).toBe(requests);
});

const SAYS_NOTHING = 'lib: The .gitmodules file has no address for it.';
const INCLUDED = join(tmpdir(), `included-${randomBytes(8).toString('hex')}`);

it.each<[string, string | null, string]>([
  ['that is not there', null, 'lib: The repository has no .gitmodules file.'],
  ['that is no such file', '[submodule', 'lib: Its .gitmodules file cannot be read.'],
  ['that is too large', '#'.repeat(1024 * 1024 + 1), 'lib: Its .gitmodules file is too large.'],
  [
    'that repeats a long name',
    `[submodule "${'x'.repeat(100_000)}"]\n${'a\n'.repeat(100)}`,
    'lib: Its .gitmodules file cannot be read.',
  ],
  ['about others', '[submodule "s0"]\npath = other\nurl = ../x\n', SAYS_NOTHING],
  [
    'that names a file of this machine',
    `[include]\npath = ${INCLUDED}\n[submodule "s0"]\npath = lib\n`,
    SAYS_NOTHING,
  ],
])('takes no address from a .gitmodules %s', async (what, file, reason) => {
  await writeFile(INCLUDED, `[submodule "s0"]\nurl = ${git.origin}/public/good.git\n`);
  try {
    const name = `acme/modules-${what.replaceAll(' ', '-')}`;
    const url = await createWithLinks(name, [['lib', '', await commitOf('public/good')]], file);
    expect((await open(url)).detail).toBe(`1 submodule not fetched. ${reason}`);
  } finally {
    await rm(INCLUDED);
  }
});

it('takes no branch for a commit', async () => {
  await inFolder(git.path('public/good'), 'update-ref', `refs/heads/${MISSING_COMMIT}`, 'main');
  const url = await createWithLinks('acme/branch', [['lib', '../../public/good.git', MISSING_COMMIT]]);
  expect((await open(url)).detail).toContain('lib: Its repository does not have its commit c0ffee000000');
});

it('stops at the limits of an installation, for all submodules together', async () => {
  const before = { ...limits };
  const names = ['1', '2', '3', '4', '5', '6'];
  const files = Object.fromEntries(names.map((name) => [`${name}.txt`, `${name}\n`]));
  await git.createRepository('public/six', files);
  const six = await commitOf('public/six');
  const url = await createWithLinks('acme/limits', [
    ['one', '../../public/six.git', six],
    ['two', '../../public/six.git', six],
  ]);
  try {
    limits.checkoutFiles = 11;
    const { detail, repo, diff } = await open(url);
    expect(detail).toMatch(
      /^1 submodule not fetched\. two: The repository is larger than this installation allows/,
    );
    expect(await readdir(join(repo, 'one'))).toHaveLength(names.length);
    expect(await readdir(join(repo, 'two'))).toEqual([]);
    expect((await diff()).omitted).toEqual([]);
    Object.assign(limits, before);
    expect((await open(url)).detail).toBe('');

    // The mirror of the repository itself is current.
    limits.fetchMs = 1;
    expect((await open(url)).detail).toContain('The host answers too slowly');
  } finally {
    Object.assign(limits, before);
  }
});

it('stops at a depth', async () => {
  await git.createRepository('deep/0', { 'a.txt': 'a\n' });
  for (let n = 1; n <= 6; n++)
    await createWithLinks(`deep/${n}`, [['in', `../${n - 1}.git`, await commitOf(`deep/${n - 1}`)]]);
  const { detail, repo } = await open(`${git.origin}/deep/6.git`);
  const lowest = 'in/in/in/in/in/in';
  expect(detail).toBe(`1 submodule not fetched. ${lowest}: It is too deep in other submodules.`);
  expect(await readdir(join(repo, lowest))).toEqual([]);
});
