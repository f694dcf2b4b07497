import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Diff, FilePatch } from '@saas-codex/contracts/diffs';
import type { Me } from '@saas-codex/contracts/identity';
import type { Session } from '@saas-codex/contracts/sessions';
import { startGitServer, type GitServer } from '@saas-codex/testing/git-server';
import { waitFor } from '@saas-codex/testing/wait-for';
import { TenantDatabase } from '../src/database/tenant-database.js';
import { RunEntity } from '../src/runs/run.entity.js';
import { actorId } from '../src/identity/actor.js';
import { type RequestContext, systemContext } from '../src/identity/request-context.js';
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
}, 60_000);

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
