import { randomUUID } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Diff, FilePatch, FoundPaths } from '@saas-codex/contracts/diffs';
import type { FileContent, Files, FoundLines } from '@saas-codex/contracts/files';
import type { Home } from '@saas-codex/contracts/home';
import type { Me } from '@saas-codex/contracts/identity';
import type { IgnoredFiles } from '@saas-codex/contracts/ignored-files';
import { MAX_VIEWED, type ReviewProgress } from '@saas-codex/contracts/review-progress';
import type { Session } from '@saas-codex/contracts/sessions';
import { createPerson } from '@saas-codex/testing/backend/people';
import { execute } from '@saas-codex/testing/backend/history-fixture';
import { startGitServer, type GitServer } from '@saas-codex/testing/git-server';
import { SAMPLE_IMAGES } from '@saas-codex/testing/sample-images';
import { waitFor } from '@saas-codex/testing/wait-for';
import { TenantDatabase } from '../src/database/tenant-database.js';
import { RunEntity } from '../src/runs/run.entity.js';
import { actorId } from '../src/identity/actor.js';
import { type RequestContext, systemContext } from '../src/identity/request-context.js';
import { WorkspaceLimits } from '../src/workspaces/workspace-limits.js';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';

let git: GitServer;
let threads: Server;
let backend: TestBackend;
let ctx: RequestContext;
let session: Session;
let runnerIsThere: Promise<void> = Promise.resolve();

const get = async <T>(path: string) => (await (await backend.fetch(path)).json()) as T & { code?: string };

beforeAll(async () => {
  git = await startGitServer();
  // This is all that a session needs from a runner to become ready.
  threads = createServer(async (_req, res) => {
    await runnerIsThere;
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ threadId: randomUUID() }));
  });
  await new Promise<void>((resolve) => threads.listen(0, '127.0.0.1', resolve));
  backend = await startBackend({
    RUNNER_URL: `http://127.0.0.1:${(threads.address() as AddressInfo).port}`,
    GIT_TRUSTED_HOSTS: git.host,
  });
  ctx = systemContext('runs', (await get<Me>('/api/me')).tenant.tenant_id);
  session = await create({ repo_url: await git.createRepository('diffs', { 'a.txt': '0\n' }) });
});

afterAll(async () => {
  await backend.stop();
  await git.stop();
  threads.closeAllConnections();
  await new Promise((resolve) => threads.close(resolve));
});

async function create(body: object): Promise<Session> {
  const response = await backend.post('/api/sessions', body);
  return (await response.json()) as Session;
}

const write = (name: string, content: string) => writeFile(join(session.repo_path, name), content);
const diff = (query = '', id = session.session_id) => get<Diff>(`/api/sessions/${id}/diff?${query}`);
const patch = (path: string, query = '') =>
  get<FilePatch>(`/api/sessions/${session.session_id}/diff/file?path=${encodeURIComponent(path)}&${query}`);

/** An ended run, as dispatch and settling would have left it. */
async function recordRun(
  ordinal: number,
  treeBefore: string | null,
  treeAfter: string | null,
): Promise<string> {
  const id = randomUUID();
  const row = {
    id,
    sessionId: session.session_id,
    ordinal,
    createdBy: actorId(ctx.actor),
    input: { kind: 'prompt' as const, prompt: 'x' },
    createdAt: new Date(),
  };
  const database = backend.app.get(TenantDatabase, { strict: false });
  await database.run(ctx, (tx) =>
    tx.of(RunEntity).insert({ ...row, status: 'succeeded', treeBefore, treeAfter }),
  );
  return id;
}

test('spans from the start of the session to now, or between runs', async () => {
  const base = (await diff()).to;
  expect((await diff()).files).toEqual([]);
  await write('a.txt', '1\n');
  const afterFirst = (await diff()).to;
  await write('b.txt', '2\n');
  const afterSecond = (await diff()).to;
  await write('c.txt', '3\n');
  const [first, second] = [await recordRun(1, base, afterFirst), await recordRun(2, afterFirst, afterSecond)];
  const never = await recordRun(3, null, null);

  const paths = async (query: string) => (await diff(query)).files.map(({ path }) => path);
  expect(await paths('')).toEqual(['a.txt', 'b.txt', 'c.txt']);
  expect(await paths(`from=${first}&to=${first}`)).toEqual(['a.txt']);
  expect(await paths(`from=${second}&to=${second}`)).toEqual(['b.txt']);
  expect(await paths(`to=${second}`)).toEqual(['a.txt', 'b.txt']);
  expect(await paths(`from=${second}`)).toEqual(['b.txt', 'c.txt']);
  expect(await paths(`from=${never}&to=${never}`)).toEqual([]);
  expect((await patch('b.txt', `from=${second}&to=${second}`)).patch).toContain('\n+2\n');
  expect(await patch('b.txt', `from=${first}&to=${first}`)).toMatchObject({ code: 'file_not_found' });
});

test('a patch between two trees matches the list, even though the agent keeps working', async () => {
  await write('a.txt', 'listed\n');
  const { from, to } = await diff();
  await write('a.txt', 'later\n');
  expect((await patch('a.txt', `from=${from}&to=${to}`)).patch).toContain('\n+listed\n');
  expect((await patch('a.txt')).patch).toContain('\n+later\n');
});

test('reveals nothing of another session', async () => {
  const other = await create({});
  const { to } = await diff();
  const run = await recordRun(9, to, to);
  expect(await diff(`from=${to}`, other.session_id)).toMatchObject({ code: 'tree_not_found', status: 404 });
  expect(await diff(`from=${run}`, other.session_id)).toMatchObject({ code: 'run_not_found', status: 404 });
  expect(await diff(`from=${randomUUID()}`)).toMatchObject({ code: 'run_not_found' });
  expect(await diff('', randomUUID())).toMatchObject({ code: 'session_not_found' });
  expect(await diff('from=HEAD')).toMatchObject({ code: 'invalid_request', status: 400 });
  expect(await get(`/api/sessions/${session.session_id}/diff/file`)).toMatchObject({
    code: 'invalid_request',
  });
});

describe('the files at a point of the session', () => {
  let repo: string;
  let id: string;
  let base: string;
  const FILES = {
    'README.md': '# Roses\n',
    'src/a.ts': 'export const a = 1;\n',
    'src/deep/b.ts': 'export const b = 2; // Roses\n',
    'x [1].txt': `${'-'.repeat(500)}a ROSE.*${'-'.repeat(500)}\n`,
  };

  beforeAll(async () => {
    const url = await git.createRepository(`files-${randomUUID()}`, FILES);
    ({ session_id: id, repo_path: repo } = await create({ repo_url: url }));
    base = (await get<Diff>(`/api/sessions/${id}/diff`)).to;
    await writeFile(join(repo, 'new\nline.txt'), 'found here: roses\n');
    await writeFile(Buffer.concat([Buffer.from(`${repo}/`), Buffer.from([0xff, 0x41])]), 'no utf-8 roses\n');
    await symlink('/etc/passwd', join(repo, 'link'));
    await writeFile(join(repo, 'image.png'), SAMPLE_IMAGES['image/png']);
    await writeFile(join(repo, '.gitignore'), 'ignored\n');
    await writeFile(join(repo, 'ignored'), 'roses\n');
    await writeFile(join(repo, 'src/a.ts'), 'export const a = 2;\n');
  });

  const ask = <T>(what: string, query: Record<string, string> = {}) =>
    get<T>(`/api/sessions/${id}/files${what}?${new URLSearchParams(query).toString()}`);
  const names = ({ items }: Files) => items.map(({ path, kind }) => `${kind} ${path}`);

  test('are listed by folder, in pages, as they are now or were then', async () => {
    const now = await ask<Files>('');
    expect(names(now)).toEqual([
      'folder src',
      'file .gitignore',
      'file README.md',
      'file image.png',
      'link link',
      'file new\nline.txt',
      'file x [1].txt',
      String.raw`file "\377A"`,
    ]);
    expect(names(await ask<Files>('', { at: base }))).toEqual([
      'folder src',
      'file README.md',
      'file x [1].txt',
    ]);
    expect(names(await ask<Files>('', { folder: 'src/deep' }))).toEqual(['file src/deep/b.ts']);
    const first = await ask<Files>('', { at: base, limit: '2' });
    const rest = await ask<Files>('', { at: base, cursor: first.next_cursor ?? '' });
    expect([...names(first), ...names(rest)]).toEqual(['folder src', 'file README.md', 'file x [1].txt']);
    expect(rest.next_cursor).toBeNull();
    const elsewhere = { folder: 'src', cursor: first.next_cursor ?? '' };
    expect(await ask('', elsewhere)).toMatchObject({ code: 'invalid_cursor' });
  });

  test('are read at that point, by names of any bytes, and links are not followed', async () => {
    const text = async (path: string, at?: string) =>
      (await ask<FileContent>('/content', { path, ...(at && { at }) })).text;
    expect(await text('src/a.ts')).toBe('export const a = 2;\n');
    expect(await text('src/a.ts', base)).toBe('export const a = 1;\n');
    expect(await text('new\nline.txt')).toBe('found here: roses\n');
    expect(await text(String.raw`"\377A"`)).toBe('no utf-8 roses\n');
    expect(await text('link')).toBe('/etc/passwd');
    expect(await text('image.png')).toBeNull();
    for (const path of [
      'ignored',
      'src',
      'link/x',
      '../repo/README.md',
      'src/../README.md',
      './README.md',
      '/etc/passwd',
    ])
      expect(await ask('/content', { path })).toMatchObject({ code: 'file_not_found', status: 404 });
    expect(await ask('/content', { path: 'image.png', at: base })).toMatchObject({ code: 'file_not_found' });
    expect(await ask('/content', { path: 'a', at: 'f'.repeat(40) })).toMatchObject({
      code: 'tree_not_found',
    });
  });

  test('are downloaded as they are, and shown only as images', async () => {
    const fetchFile = (what: string, path: string) =>
      backend.fetch(`/api/sessions/${id}/files/${what}?${new URLSearchParams({ path }).toString()}`);
    const download = await fetchFile('download', 'src/a.ts');
    expect(download.headers.get('content-disposition')).toBe('attachment; filename=a.ts');
    expect(await download.text()).toBe('export const a = 2;\n');
    const image = await fetchFile('image', 'image.png');
    expect(Object.fromEntries(image.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-security-policy': expect.stringContaining('sandbox'),
      'x-content-type-options': 'nosniff',
    });
    expect(Buffer.from(await image.arrayBuffer())).toEqual(SAMPLE_IMAGES['image/png']);
    expect((await fetchFile('image', 'README.md')).status).toBe(422);
  });

  test('are searched for a text in any case, without what git ignores', async () => {
    const { items, truncated } = await ask<FoundLines>('/search', { q: 'rose' });
    expect(items.map(({ path, line }) => `${path}:${line}`)).toEqual([
      'README.md:1',
      'new\nline.txt:1',
      'src/deep/b.ts:1',
      'x [1].txt:1',
      String.raw`"\377A":1`,
    ]);
    expect(truncated).toBe(false);
    const [found] = (await ask<FoundLines>('/search', { q: 'rose.*-' })).items;
    expect(found).toMatchObject({ path: 'x [1].txt', text: expect.stringContaining('-a ROSE.*-') });
    expect(found?.text).toHaveLength(240);
    expect(await ask('/search', { q: 'ROSES', at: base, limit: '1' })).toMatchObject({
      items: [{ path: 'README.md' }],
      truncated: true,
    });
    const paths = (query: string) => get<FoundPaths>(`/api/sessions/${id}/paths?${query}`);
    expect((await paths(`q=readme&at=${base}`)).paths).toEqual(['README.md']);
    expect((await paths(`q=image&at=${base}`)).paths).toEqual([]);
    expect(await paths(`q=image&at=${'f'.repeat(40)}`)).toMatchObject({ code: 'tree_not_found' });
    expect(await ask('/search', { q: '--open-files-in-pager=touch x' })).toMatchObject({ items: [] });
  });
});

describe('how far a person has reviewed', () => {
  const at = () => `/api/sessions/${session.session_id}/review-progress`;
  const update = async (body: object, headers: Record<string, string> = {}) => {
    const json = { 'content-type': 'application/json', ...headers };
    const answer = await backend.fetch(at(), { method: 'PATCH', headers: json, body: JSON.stringify(body) });
    return (await answer.json()) as ReviewProgress & { code?: string };
  };

  test('is theirs alone, follows content, and survives marks made at the same time', async () => {
    expect(await get(at())).toEqual({ reviewed: null, viewed: [] });
    await write('a.txt', 'seen\n');
    const { files, to } = await diff();
    const [file] = files.filter(({ path }) => path === 'a.txt');
    const seen = { path: 'a.txt', content_id: file?.content_id ?? null };
    const many = Array.from({ length: 8 }, (_, n) => ({ path: `file-${n}`, content_id: null }));
    await Promise.all([seen, ...many].map((mark) => update({ viewed: [mark] })));
    expect((await get<ReviewProgress>(at())).viewed).toHaveLength(9);
    const progress = await update({ unviewed: many.map(({ path }) => path), reviewed_tree: to });
    expect(progress).toEqual({ reviewed: { tree: to, at: expect.any(String) }, viewed: [seen] });

    await write('a.txt', 'changed again\n');
    const since = await diff(`from=${to}`);
    expect(since.files.map(({ path }) => path)).toEqual(['a.txt']);
    expect(since.files[0]?.content_id).not.toBe(seen.content_id);

    const other = await createPerson(backend, ctx.tenantId, 'viewer');
    expect(await (await fetch(backend.url + at(), { headers: other.key })).json()).toEqual({
      reviewed: null,
      viewed: [],
    });
    expect(await update({ reviewed_tree: 'f'.repeat(40) })).toMatchObject({ code: 'tree_not_found' });
  });

  test('drops the oldest marks of very many', async () => {
    const marks = (from: number) =>
      Array.from({ length: 1_000 }, (_, n) => ({ path: `${from + n}`, content_id: null }));
    for (let from = 0; from < 6_000; from += 1_000) await update({ viewed: marks(from) });
    const { viewed } = await get<ReviewProgress>(at());
    expect(viewed).toHaveLength(MAX_VIEWED.files);
    expect([viewed[0]?.path, viewed.at(-1)?.path]).toEqual(['1000', '5999']);
  });
});

test('responds with 409 until the session is set up, and when its setup failed', async () => {
  let arrive = (): void => undefined;
  runnerIsThere = new Promise((resolve) => (arrive = resolve));
  const created = await backend.post('/api/sessions', {}, { prefer: 'respond-async' });
  const { session_id: id } = (await created.json()) as Session;
  expect(await diff('', id)).toMatchObject({ code: 'session_not_ready', status: 409 });
  arrive();
  await waitFor(async () => (await diff('', id)).code === undefined);

  await backend.post('/api/sessions', { repo_url: `${git.origin}/missing.git` });
  const { items } = await get<{ items: Session[] }>('/api/sessions');
  const failed = items.find(({ status }) => status === 'failed');
  expect(await diff('', failed?.session_id)).toMatchObject({ code: 'session_failed', status: 409 });
});

describe('the patch to take away', () => {
  const TITLE = `Die Gänge & Höfe: ${'ein langer Weg '.repeat(4)}🌿`;
  let repo: string;
  let id: string;
  let folder: string;
  let clone: string;

  beforeEach(async () => {
    const url = await git.createRepository(`patch-${randomUUID()}`, {
      'a.txt': 'one\ntwo\n',
      'gone.txt': 'bye\n',
      'old name.txt': 'moved\n'.repeat(20),
      'run.sh': 'true\n',
      'dos.txt': 'a\r\nb\r\n',
    });
    ({ session_id: id, repo_path: repo } = await create({ repo_url: url, title: TITLE }));
    folder = await mkdtemp(join(tmpdir(), 'patch-'));
    clone = join(folder, 'clone');
    await execute('git', ['clone', '-q', url, clone]);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const take = (query = '') => backend.fetch(`/api/sessions/${id}/patch?${query}`);
  async function apply(query: string, ...command: string[]): Promise<void> {
    await writeFile(join(folder, 'patch'), Buffer.from(await (await take(query)).arrayBuffer()));
    const user = ['-c', 'user.name=Committer', '-c', 'user.email=committer@example.org'];
    await execute('git', [...user, ...command, join(folder, 'patch')], { cwd: clone });
  }
  const inClone = async (...args: string[]) => (await execute('git', args, { cwd: clone })).stdout.trim();
  async function changeMuch(): Promise<void> {
    const at = (name: string) => join(repo, name);
    await writeFile(at('a.txt'), 'one\nFrom here on\n-- \n---\ndiff --git a/x b/x');
    await rm(at('gone.txt'));
    await rename(at('old name.txt'), at('neuer Name "ü".txt'));
    await chmod(at('run.sh'), 0o755);
    await writeFile(at('dos.txt'), 'a\r\nc\r\n');
    await writeFile(at('empty'), '');
    await writeFile(at('picture.bin'), Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * 7) % 256)));
    await symlink('a.txt', at('link'));
    await mkdir(at('deep/er'), { recursive: true });
    await writeFile(Buffer.concat([Buffer.from(at('deep/er/')), Buffer.from([0xff, 0x41])]), 'not UTF-8\n');
  }

  test('makes a commit by the caller whose tree is the one that was read, bit by bit', async () => {
    await changeMuch();
    const { to } = await diff('', id);
    await apply('', 'am', '--keep-cr', '--quiet');
    expect(await inClone('rev-parse', 'HEAD^{tree}')).toBe(to);
    const { user } = await get<Me>('/api/me');
    expect(await inClone('log', '-1', '--format=%an|%ae|%s|%b')).toBe(`${user.name}|${user.email}|${TITLE}|`);
    const answer = await take();
    await answer.arrayBuffer();
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment;.*\.patch/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(
      (await readdir(join(repo, '..'), { recursive: true })).filter((name) => /patch-/.test(name)),
    ).toEqual([]);
  });

  test('comes as a plain diff, of one file, and of one run', async () => {
    await changeMuch();
    const { to } = await diff('', id);
    await apply('format=diff', 'apply', '--index');
    expect(await inClone('write-tree')).toBe(to);
    await inClone('reset', '-q', '--hard');
    await apply(
      `format=diff&${new URLSearchParams({ path: 'neuer Name "ü".txt' }).toString()}`,
      'apply',
      '--index',
    );
    expect(await inClone('diff', '--cached', '--name-status')).toMatch(/^R100\told name\.txt\t.*\.txt"?$/);
    expect(await (await take(`from=${to}&to=${to}`)).text()).toBe('');
    const code = async (query: string) => ((await (await take(query)).json()) as { code: string }).code;
    expect(await code('path=none')).toBe('file_not_found');
    expect(await code('from=HEAD')).toBe('invalid_request');
    const strange = (await diff('', id)).files.find(({ path }) => path.includes('er/'))?.path ?? '';
    expect(await code(new URLSearchParams({ path: strange }).toString())).toBe('file_not_found');
  });

  test('is never cut: one that is too large is refused', async () => {
    const limits: { patchFileBytes: number } = backend.app.get(WorkspaceLimits, { strict: false });
    const before = limits.patchFileBytes;
    limits.patchFileBytes = 1_000;
    try {
      await changeMuch();
      expect(await (await take()).json()).toMatchObject({ code: 'download_too_large', status: 409 });
      expect(await (await take('path=a.txt')).text()).toContain('a.txt');
    } finally {
      limits.patchFileBytes = before;
    }
  });
});

describe('files that git ignores', () => {
  let limits: { -readonly [K in keyof WorkspaceLimits]: number };
  let repo: string;
  let id: string;

  beforeEach(async () => {
    limits = backend.app.get(WorkspaceLimits, { strict: false });
    ({ session_id: id, repo_path: repo } = await create({}));
    await put('.gitignore', 'dist/\n*.log\n.env\n');
    await put('.env', 'A=1\n');
    await put('dist/app.js', 'let app;\n');
    await put('dist/deep/b.js', 'let b;\n');
    await put('src/code.c', 'int x;\n');
    await put('src/run.log', '12\n');
  });

  const place = (name: string | Buffer) => Buffer.concat([Buffer.from(`${repo}/`), Buffer.from(name)]);
  async function put(name: string, content: string) {
    await mkdir(dirname(join(repo, name)), { recursive: true });
    await writeFile(join(repo, name), content);
  }
  const ask = (part: string, query: Record<string, string | number> = {}) => {
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    );
    return backend.fetch(`/api/sessions/${id}/ignored-files${part}?${search.toString()}`);
  };
  const list = async (query?: Record<string, string | number>) =>
    (await (await ask('', query)).json()) as IgnoredFiles & { code?: string };
  const listed = async (query?: Record<string, string | number>) =>
    (await list(query)).items.map(({ path, kind, files }) => `${kind} ${path} ${files}`);
  const answerOf = async (part: string, query: Record<string, string>) => {
    const { code, status } = (await (await ask(part, query)).json()) as { code: string; status: number };
    return `${status} ${code}`;
  };
  const namesIn = async (query?: Record<string, string>) =>
    namesInZip(Buffer.from(await (await ask('/archive', query)).arrayBuffer()));

  test('are counted and listed by folder, in pages', async () => {
    expect(await list()).toEqual({
      files: 4,
      bytes: 23,
      next_cursor: null,
      items: [
        { path: '.env', kind: 'file', files: 1, bytes: 4 },
        { path: 'dist', kind: 'folder', files: 2, bytes: 16 },
        { path: 'src/run.log', kind: 'file', files: 1, bytes: 3 },
      ],
    });
    expect(await listed({ folder: 'dist' })).toEqual(['file dist/app.js 1', 'folder dist/deep 1']);
    expect(await listed({ folder: 'dist/deep' })).toEqual(['file dist/deep/b.js 1']);
    const first = await list({ limit: 2 });
    expect(first).toMatchObject({ files: 4, next_cursor: expect.any(String) });
    expect(await listed({ limit: 2, cursor: first.next_cursor ?? '' })).toEqual(['file src/run.log 1']);
    limits.leftoverEntries = 1;
    expect(await list()).toMatchObject({ incomplete: true });
    limits.leftoverEntries = 100_000;
  });

  test('are downloaded one by one or as an archive, and never shown by a browser', async () => {
    const file = await ask('/file', { path: 'dist/app.js' });
    expect(await file.text()).toBe('let app;\n');
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': expect.stringMatching(/^attachment; filename="?app\.js"?$/),
      'x-content-type-options': 'nosniff',
    });
    expect((await ask('/archive')).headers.get('content-disposition')).toContain('ignored-files.zip');
    expect(await namesIn()).toEqual(['.env', 'dist/app.js', 'dist/deep/b.js', 'src/run.log']);
    expect(await namesIn({ folder: 'dist/deep' })).toEqual(['dist/deep/b.js']);
  });

  test('are archived whatever time an agent gave them', async () => {
    for (const year of [1901, 1970, 2150]) {
      const time = new Date(Date.UTC(year, 0, 1));
      await utimes(place('dist/app.js'), time, time);
      expect(await namesIn({ folder: 'dist' })).toEqual(['dist/app.js', 'dist/deep/b.js']);
    }
  });

  test('are nothing that leads elsewhere: links, pipes, other paths, .git', async () => {
    const outside = join(backend.config.WORKSPACES_ROOT, 'outside');
    await mkdir(outside, { recursive: true });
    await writeFile(join(outside, 'secret.log'), 'the secret\n');
    await symlink(outside, place('dist/linked'));
    await symlink(join(outside, 'secret.log'), place('linked.log'));
    await symlink('/dev/zero', place('dist/zero'));
    await put('dist/.git/hooks/post-checkout', 'echo planted\n');
    await execute('mkfifo', [join(repo, 'dist/pipe'), join(repo, 'pipe.log')]);

    expect(await list()).toMatchObject({ files: 4 });
    expect(await namesIn()).toEqual(['.env', 'dist/app.js', 'dist/deep/b.js', 'src/run.log']);
    const forbidden = ['linked.log', 'dist/linked/secret.log', 'dist/zero', 'dist/pipe', 'pipe.log'];
    const elsewhere = ['dist/../src/code.c', 'dist//app.js', '../../outside/secret.log', '/etc/hostname'];
    const git = ['src/code.c', '.git/config', 'dist/.git/hooks/post-checkout', 'dist', '"dist/app.js"'];
    for (const path of [...forbidden, ...elsewhere, ...git])
      expect([path, await answerOf('/file', { path })]).toEqual([path, '404 ignored_file_not_found']);
    for (const folder of ['dist/linked', 'src', '..', 'dist/..', 'dist/app.js', '.git'])
      for (const part of ['', '/archive'])
        expect([folder, await answerOf(part, { folder })]).toEqual([folder, '404 ignored_file_not_found']);
  });

  test('may have any name and any size', async () => {
    const names = [
      'dist/b\u00e4r \u202e.js',
      Buffer.from('dist/\xff"\\x.js', 'latin1'),
      'dist/..\\..\\up.js',
      '"q".log',
    ];
    for (const name of names) await writeFile(place(name), String(name.length));
    for (const { path } of [...(await list({ folder: 'dist' })).items, ...(await list()).items])
      if (path.endsWith('js') || path.endsWith('"') || path.endsWith('log'))
        expect([path, (await ask('/file', { path })).status]).toEqual([path, 200]);
    const unpacked = await namesIn();
    expect(unpacked).toHaveLength(8);
    for (const name of unpacked) expect(name).not.toMatch(/[\\\ufffd"]/);

    await put('huge.log', '');
    await truncate(place('huge.log'), 2 ** 42);
    expect(await list()).toMatchObject({ files: 9, bytes: expect.any(Number) });
    expect(await answerOf('/file', { path: 'huge.log' })).toBe('409 download_too_large');
    expect(await answerOf('/archive', {})).toBe('409 download_too_large');
    expect(await namesIn({ folder: 'dist' })).toHaveLength(5);
  });

  test('are sent to a few readers of an organisation at a time', async () => {
    await put('dist/large.bin', '');
    await truncate(place('dist/large.bin'), 2 ** 28);
    const slow = Array.from({ length: limits.downloadsPerTenant }, () =>
      ask('/file', { path: 'dist/large.bin' }),
    );
    const answers = await Promise.all(slow);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await answerOf('/archive', {})).toBe('429 rate_limited');
    for (const { body } of answers) await body?.cancel();
    await waitFor(async () => {
      const { status, body } = await ask('/file', { path: '.env' });
      await body?.cancel();
      return status === 200;
    });
  });
});

test('changes of HOME are read where they are: not through links, not without an end', async () => {
  const { session_id: id, repo_path: repo } = await create({});
  const home = async () => (await get<Home>(`/api/sessions/${id}/home`)).layers;
  const empty = { files: 0, bytes: 0, changes: [] };
  expect(await home()).toEqual([
    { layer: 'setup', ...empty },
    { layer: 'agents', ...empty },
  ]);

  const agent = join(dirname(repo), 'homes/agent');
  await mkdir(agent, { recursive: true });
  await writeFile(join(dirname(agent), 'agent.json'), '{}');
  await symlink(backend.config.WORKSPACES_ROOT, join(agent, 'link'));
  await mkdir(join(agent, '.tools/.git/hooks'), { recursive: true });
  await writeFile(join(agent, '.tools/.git/hooks/post-checkout'), 'echo planted\n');
  await execute('mkfifo', [join(agent, 'pipe')]);
  const [, agents] = await home();
  expect(agents?.changes.map(({ path }) => path)).toEqual([
    '.tools/.git/hooks/post-checkout',
    'link',
    'pipe',
  ]);
  expect(agents).not.toHaveProperty('incomplete');

  await mkdir(join(agent, ...Array.from({ length: 100 }, () => 'deep')), { recursive: true });
  expect((await home())[1]).toMatchObject({ files: 3, incomplete: true });
});

/** From the directory at the end of an archive. */
function namesInZip(zip: Buffer): string[] {
  const names: string[] = [];
  for (
    let at = zip.indexOf('PK\x01\x02', 'latin1');
    at >= 0;
    at = zip.indexOf('PK\x01\x02', at + 46, 'latin1')
  )
    names.push(zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28)));
  return names;
}
