import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Run } from '@saas-codex/contracts/runs';
import { Session, type SessionPage } from '@saas-codex/contracts/sessions';
import { RunsService } from '../src/runs/runs.service.js';
import { SessionsService } from '../src/sessions/sessions.service.js';
import { systemContext } from '../src/identity/request-context.js';
import { waitFor } from '@saas-codex/testing/wait-for';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';

const UNKNOWN = '01900000-0000-7000-8000-000000000000';

let world: SessionsWorld;
let repoUrl: string;

beforeAll(async () => {
  world = await SessionsWorld.create();
  repoUrl = await world.git.createRepository('hello', { 'README.md': '# Hello\n' });
});
afterAll(() => world.destroy());

/** No runner is running: sessions are cloned, then wait for their threads and queue prompts. */
test('a session that is being set up accepts prompts, is named after the first, and ends cancelled ones', async () => {
  const session = await world.begin();
  expect(session).toMatchObject({ status: 'provisioning', thread_id: null, title: 'New session' });
  const first = await world.prompt(session.session_id, 'Note  the\nfirst thing');
  const second = await world.prompt(session.session_id, 'Note the second thing');
  expect(first).toMatchObject({ status: 'queued', started_at: null });
  expect(await world.session(session.session_id)).toMatchObject({
    title: 'Note the first thing',
    queued_runs: 2,
  });

  const tooFar = Buffer.from('99999999999').toString('base64url');
  const list = await world.call('GET', `/api/sessions/${session.session_id}/runs?cursor=${tooFar}`);
  expect(list).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });

  const cancelled = await world.call<Run>('POST', `/api/runs/${second.run_id}/cancel`, {});
  expect(cancelled).toMatchObject({ status: 202, body: { status: 'cancelled' } });
  expect((await world.log(second.run_id)).map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'run.cancelled'],
  ]);
  const again = await world.call('POST', `/api/runs/${second.run_id}/cancel`, {});
  expect(again).toMatchObject({ status: 409, body: { code: 'run_ended' } });
  expect(await world.session(session.session_id)).toMatchObject({ queued_runs: 1 });

  const removed = await world.call('DELETE', `/api/sessions/${session.session_id}`);
  expect(removed.status).toBe(204);
  for (const path of [`sessions/${session.session_id}`, `runs/${first.run_id}`]) {
    expect(await world.call('GET', `/api/${path}`)).toMatchObject({ status: 404 });
  }
  expect(existsSync(join(world.root, session.session_id))).toBe(false);
  expect(await world.redis.exists(REDIS_KEYS.runEvents(second.run_id))).toBe(0);
  expect(await world.call('DELETE', `/api/sessions/${session.session_id}`)).toMatchObject({
    status: 404,
    body: { code: 'session_not_found' },
  });
});

test('a failed clone is returned as a problem; the session stays listed and accepts no prompts', async () => {
  const missing = `${world.git.origin}/missing.git`;
  expect(await world.create({ repo_url: missing })).toMatchObject({
    status: 422,
    body: { code: expect.stringMatching(/^clone_/) },
  });
  const page = (await world.call<SessionPage>('GET', '/api/sessions')).body;
  const listed = page.items.find(({ repo_url: url }) => url === missing);
  expect(listed).toMatchObject({ status: 'failed', failure: { code: expect.stringMatching(/^clone_/) } });
  const { session_id: id } = Session.parse(listed);
  expect(existsSync(join(world.root, id))).toBe(false);
  expect(await world.call('POST', `/api/sessions/${id}/prompt`, { prompt: 'Note' })).toMatchObject({
    status: 409,
    body: { code: 'session_failed' },
  });
});

test('a failed session that is archived and unarchived is failed again, with its reason', async () => {
  const { session_id: id } = await world.begin({ repo_url: `${world.git.origin}/gone.git` });
  const { failure } = await world.sessionIs(id, 'failed');
  const patch = (status: string) => world.call<Session>('PATCH', `/api/sessions/${id}`, { status });
  expect((await patch('archived')).body).toMatchObject({ status: 'archived', failure });
  expect((await patch('ready')).body).toMatchObject({ status: 'failed', failure });
  expect((await patch('ready')).body).toMatchObject({ status: 'failed', failure });
});

test('a session whose clone has failed is set up again in place, once, with its setup script', async () => {
  const setup = { script: 'true' };
  const { session_id: id } = await world.begin({ repo_url: `${world.git.origin}/later.git`, setup });
  await world.sessionIs(id, 'failed');
  const patch = (body: object) => world.call<Session>('PATCH', `/api/sessions/${id}`, body);
  await patch({ status: 'archived' });
  expect(await patch({ status: 'provisioning' })).toMatchObject({
    status: 409,
    body: { code: 'session_archived' },
  });
  await patch({ status: 'ready' });
  await world.git.createRepository('later', { 'a.txt': '1\n' });
  expect(await patch({ status: 'provisioning' })).toMatchObject({
    status: 200,
    body: { status: 'provisioning', failure: null, queued_runs: 1, setup_status: 'queued' },
  });
  expect((await patch({ status: 'provisioning' })).body).toMatchObject({ queued_runs: 1 });
  await waitFor(async () => (await world.session(id)).base_commit !== null);
  expect(existsSync(join(world.root, id, 'repo', 'a.txt'))).toBe(true);
});

test('prompts that wait for a clone fail with its reason when it fails', async () => {
  const session = await world.begin({ repo_url: world.slowHost.url });
  const run = await world.prompt(session.session_id, 'Note');
  world.slowHost.refuse();
  expect((await world.runIs(run.run_id, 'failed')).error).toContain('could not be set up');
  const failed = await world.sessionIs(session.session_id, 'failed');
  expect(failed).toMatchObject({ queued_runs: 0, failure: { code: 'clone_not_found' } });
  expect((await world.log(run.run_id)).map(({ type }) => type)).toEqual(['run.failed']);
});

test('deleting a session while it is cloned removes the session and its clone', async () => {
  const session = await world.begin({ repo_url: repoUrl });
  expect((await world.call('DELETE', `/api/sessions/${session.session_id}`)).status).toBe(204);
  expect(existsSync(join(world.root, session.session_id))).toBe(false);
  expect(await world.call('GET', `/api/sessions/${session.session_id}`)).toMatchObject({ status: 404 });
});

test('text with half of a surrogate pair is refused wherever it stands, since no store can hold it', async () => {
  const { session_id: id } = await world.begin();
  const before = await world.call('GET', `/api/sessions/${id}`);
  for (const [method, path, body] of [
    ['POST', `/api/sessions/${id}/prompt`, { prompt: 'Note \ud83d, not \u{1f600}' }],
    ['PATCH', `/api/sessions/${id}`, { title: '\udc00' }],
    ['PATCH', `/api/sessions/${id}`, { setup: { script: 'echo \ud800' } }],
    ['POST', '/api/sessions', { setup: { script: '\ud800' } }],
    ['POST', '/api/sessions', { '\ud800': 1 }],
    ['POST', '/api/sessions', { '\0': 1 }],
  ] as const) {
    const refused = await world.call(method, path, body);
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  }
  expect(await world.call('GET', `/api/sessions/${id}`)).toEqual(before);
  expect((await world.prompt(id, 'A whole \u{1f600}')).prompt).toBe('A whole \u{1f600}');
});

test('bad input changes nothing and says what is wrong', async () => {
  const before = (await world.call<SessionPage>('GET', '/api/sessions')).body.items.length;
  const cases: [method: string, path: string, body: unknown, status: number, code: string][] = [
    ['POST', 'sessions', { repo_url: 'file:///etc' }, 400, 'repo_url_scheme'],
    ['POST', 'sessions', { repo_url: repoUrl, ref: '--upload-pack=x' }, 400, 'ref_invalid'],
    ['POST', 'sessions', { ref: 'main' }, 400, 'ref_invalid'],
    ['POST', 'sessions', { unknown: true }, 400, 'invalid_request'],
    ['GET', 'sessions?cursor=x', undefined, 400, 'invalid_cursor'],
    ['GET', 'sessions/1', undefined, 400, 'invalid_request'],
    ['GET', `sessions/${UNKNOWN}`, undefined, 404, 'session_not_found'],
    ['PATCH', `sessions/${UNKNOWN}`, { title: 'x' }, 404, 'session_not_found'],
    ['DELETE', `sessions/${UNKNOWN}`, undefined, 404, 'session_not_found'],
    ['POST', `sessions/${UNKNOWN}/prompt`, { prompt: 'x' }, 404, 'session_not_found'],
    ['GET', `sessions/${UNKNOWN}/runs`, undefined, 404, 'session_not_found'],
    ['GET', `runs/${UNKNOWN}`, undefined, 404, 'run_not_found'],
    ['POST', `runs/${UNKNOWN}/cancel`, {}, 404, 'run_not_found'],
  ];
  for (const [method, path, body, status, code] of cases) {
    const answer = await world.call(method, `/api/${path}`, body);
    expect([path, answer.status, answer.body.code]).toEqual([path, status, code]);
  }
  expect((await world.call<SessionPage>('GET', '/api/sessions')).body.items).toHaveLength(before);
});

test("another tenant's sessions and runs do not exist", async () => {
  const session = await world.begin();
  const run = await world.prompt(session.session_id, 'Note');
  const other = systemContext('provisioning', 'another-tenant');
  const sessions = world.backend.app.get(SessionsService, { strict: false });
  const runs = world.backend.app.get(RunsService, { strict: false });
  const { session_id: id } = session;
  const attempts: (() => Promise<unknown>)[] = [
    () => sessions.read(other, id),
    () => sessions.update(other, id, { title: 'Mine' }),
    () => sessions.remove(other, id),
    () => runs.prompt(other, id, { prompt: 'Note' }),
    () => runs.list(other, id, { limit: 10 }),
    () => runs.read(other, run.run_id),
    () => runs.cancel(other, run.run_id, { if_queued: false }),
  ];
  for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ status: 404 });
  expect((await sessions.list(other, { limit: 10, archived: false })).items).toEqual([]);
  expect((await runs.listAll(other, { limit: 10 })).items).toEqual([]);
  expect(await world.session(id)).toMatchObject({ title: 'Note', queued_runs: 1 });
});

test('activity leaves out a network that is large', async () => {
  const { session_id: id } = await world.begin();
  const rename = (title: string, network: object) =>
    world.call('PATCH', `/api/sessions/${id}`, { title, network });
  const label = 'a'.repeat(60);
  const hosts = Array.from({ length: 100 }, (_, n) => ({ host: `h${n}.${label}.${label}.${label}.com` }));
  expect((await rename('Large', { mode: 'allow_list', hosts })).status).toBe(200);
  expect((await rename('Small', { mode: 'off' })).status).toBe(200);
  const updates = await waitFor(async () => {
    const all = (await world.activity(id)).filter((each) => each.type === 'session.updated');
    return all.at(-1)?.session.title === 'Small' ? all : null;
  });
  const large = updates.find(({ session }) => session.title === 'Large');
  expect(large?.session).not.toHaveProperty('network');
  expect(updates.at(-1)?.session.network).toEqual({ mode: 'off' });
  expect(updates.filter((each) => JSON.stringify(each).length > 4_096)).toEqual([]);
});

test('lists return every session once, most recent activity first, page by page', async () => {
  const seen: Session[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const { body } = await world.call<SessionPage>('GET', `/api/sessions?limit=1${query}`);
    seen.push(...body.items);
    cursor = body.next_cursor;
  } while (cursor !== null);
  const all = (await world.call<SessionPage>('GET', '/api/sessions')).body.items;
  expect(seen.map(({ session_id: id }) => id)).toEqual(all.map(({ session_id: id }) => id));
  expect(all.map(({ updated_at: at }) => at)).toEqual(
    all
      .map(({ updated_at: at }) => at)
      .toSorted()
      .toReversed(),
  );
});

test('sessions are found by status, repository and text, in which nothing is a wildcard', async () => {
  const [percent, plain] = [
    await world.begin({ title: '100%_Done' }),
    await world.begin({ title: '100 done' }),
  ];
  const cloned = await world.begin({ repo_url: repoUrl, title: 'Cloned' });
  const find = async (query: Record<string, string>) => {
    const path = `/api/sessions?${new URLSearchParams(query).toString()}`;
    return (await world.call<SessionPage>('GET', path)).body.items.map(({ session_id: id }) => id);
  };
  expect(await find({ q: '%_d' })).toEqual([percent.session_id]);
  expect(await find({ q: '100' })).toEqual([plain.session_id, percent.session_id]);
  expect(await find({ q: 'hello', repository: repoUrl })).toContain(cloned.session_id);
  const spelled = `${repoUrl.replace(/\.git$/, '').toUpperCase()}/`;
  expect(await find({ repository: spelled })).toEqual(await find({ repository: repoUrl }));
  expect(await find({ repository: 'https://elsewhere.example/hello' })).toEqual([]);
  expect(await find({ status: 'ready' })).toEqual([]);
  expect(await find({ status: 'failed' })).not.toContain(plain.session_id);
  expect(await find({ status: 'provisioning', q: '100' })).toEqual([plain.session_id, percent.session_id]);
  expect(await world.call('GET', '/api/sessions?q=%00')).toMatchObject({ status: 400 });
  expect(await world.call('GET', '/api/sessions?status=odd')).toMatchObject({ status: 400 });
});
