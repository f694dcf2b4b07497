import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Diff } from '@saas-codex/contracts/diffs';
import { RunEvent } from '@saas-codex/contracts/events';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { type Run, RUN_TRANSITIONS, type RunPage } from '@saas-codex/contracts/runs';
import { Session, type SessionPage } from '@saas-codex/contracts/sessions';
import { Redis } from 'ioredis';
import { waitFor } from '../../../tests/support/wait-for.js';
import { TenantDatabase } from '../src/database/tenant-database.js';
import { transition } from '../src/database/transition.js';
import { RunEntity } from '../src/runs/run.entity.js';
import { RunsService } from '../src/runs/runs.service.js';
import { SessionsService } from '../src/sessions/sessions.service.js';
import { systemContext } from '../src/tenants/request-context.js';
import { SessionsWorld } from './sessions-world.js';

const patch = (file: string) => `*** Begin Patch\n*** Add File: ${file}\n+{{prompt}}\n*** End Patch`;
const SCENARIOS = [
  {
    name: 'note',
    match: 'Note',
    steps: [
      { do: 'patch' as const, patch: patch('note-{{prompt_count}}.md') },
      { do: 'message' as const, text: 'Noted.' },
    ],
  },
  {
    name: 'hold',
    match: 'Hold',
    steps: [
      { do: 'gate' as const, name: 'never' },
      { do: 'message' as const, text: 'Held.' },
    ],
  },
];
const UNKNOWN = '01900000-0000-7000-8000-000000000000';

let world: SessionsWorld;
let redis: Redis;
let repoUrl: string;

beforeAll(async () => {
  world = await SessionsWorld.create(SCENARIOS);
  redis = new Redis(world.backend.config.REDIS_URL);
  repoUrl = await world.git.createRepository('hello', { 'README.md': '# Hello\n' });
}, 60_000);
afterAll(async () => {
  redis.disconnect();
  await world.destroy();
}, 60_000);

const logOf = async (runId: string): Promise<RunEvent[]> => {
  const entries = await redis.xrange(REDIS_KEYS.runEvents(runId), '-', '+');
  return entries.map(([, fields]) => RunEvent.parse(JSON.parse(String(fields[fields.indexOf('event') + 1]))));
};

describe('without a runner', () => {
  test('a session that waits takes prompts, is named after the first, and ends what is cancelled', async () => {
    const session = await world.begin();
    expect(session).toMatchObject({ status: 'provisioning', thread_id: null, title: 'New session' });
    const first = await world.prompt(session.session_id, 'Note  the\nfirst thing');
    const second = await world.prompt(session.session_id, 'Note the second thing');
    expect(first).toMatchObject({ status: 'queued', started_at: null });
    expect(await world.session(session.session_id)).toMatchObject({
      title: 'Note the first thing',
      queued_runs: 2,
    });

    const cancelled = await world.call<Run>('POST', `/api/runs/${second.run_id}/cancel`, {});
    expect(cancelled).toMatchObject({ status: 202, body: { status: 'cancelled' } });
    expect((await logOf(second.run_id)).map(({ seq, type }) => [seq, type])).toEqual([[1, 'run.cancelled']]);
    const again = await world.call('POST', `/api/runs/${second.run_id}/cancel`, {});
    expect(again).toMatchObject({ status: 409, body: { code: 'run_ended' } });
    expect(await world.session(session.session_id)).toMatchObject({ queued_runs: 1 });

    const removed = await world.call('DELETE', `/api/sessions/${session.session_id}`);
    expect(removed.status).toBe(204);
    for (const path of [`sessions/${session.session_id}`, `runs/${first.run_id}`]) {
      expect(await world.call('GET', `/api/${path}`)).toMatchObject({ status: 404 });
    }
    expect(existsSync(join(world.root, session.session_id))).toBe(false);
    expect(await redis.exists(REDIS_KEYS.runEvents(second.run_id))).toBe(0);
    expect(await world.call('DELETE', `/api/sessions/${session.session_id}`)).toMatchObject({
      status: 404,
      body: { code: 'session_not_found' },
    });
  });

  test('a clone that fails is answered with its problem, stays listed, and takes no prompts', async () => {
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

  test('prompts that waited for a clone which failed fail with its reason', async () => {
    const session = await world.begin({ repo_url: repoUrl, ref: 'no-such-branch' });
    const run = await world.prompt(session.session_id, 'Note');
    const known = run.run_id === undefined ? [] : [await world.runIs(run.run_id, 'failed')];
    await world.sessionIs(session.session_id, 'failed');
    for (const { error } of known) expect(error).toContain('could not be set up');
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
    const other = systemContext('another-tenant');
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
      () => runs.cancel(other, run.run_id),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ status: 404 });
    expect((await sessions.list(other, { limit: 10, archived: false })).items).toEqual([]);
    expect(await world.session(id)).toMatchObject({ title: 'Note', queued_runs: 1 });
  });

  test('lists give every session once, newest activity first, page by page', async () => {
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
        .sort()
        .reverse(),
    );
  });
});

describe('with a runner', () => {
  beforeAll(() => world.startRunner(), 60_000);

  test('the contract: create, prompt, done, diff; a second run goes on', async () => {
    const created = await world.create({ repo_url: repoUrl });
    expect(created).toMatchObject({ status: 201, body: { status: 'ready', title: 'hello', failure: null } });
    expect(Session.parse(created.body)).toMatchObject({
      thread_id: expect.any(String),
      base_commit: expect.any(String),
    });
    const id = created.body.session_id;
    const queued = await world.call<Run>('POST', `/api/sessions/${id}/prompt`, { prompt: 'Note one' });
    expect(queued).toMatchObject({ status: 202, body: { status: 'queued' } });
    const run = await world.runIs(queued.body.run_id, 'succeeded');
    expect(run).toMatchObject({ error: null, diff: { files: 1, additions: 1, deletions: 0 } });
    expect(run.usage?.output_tokens).toBeGreaterThan(0);
    expect(run.started_at).not.toBeNull();

    const second = await world.prompt(id, 'Note two');
    await world.runIs(second.run_id, 'succeeded');
    expect(await world.session(id)).toMatchObject({
      title: 'Note one',
      active_run_id: null,
      queued_runs: 0,
      diff: { files: 2, additions: 2, deletions: 0 },
    });
    const { body: diff } = await world.call<Diff>('GET', `/api/sessions/${id}/diff?from=${second.run_id}`);
    expect(diff.files.map(({ path }) => path)).toEqual(['note-2.md']);
    const types = (await logOf(run.run_id)).map(({ type }) => type);
    expect(types).toContain('checkpoint.created');
    expect(types.at(-1)).toBe('run.succeeded');
  }, 60_000);

  test('prompts of a session run one after the other, in order; others wait for none of it', async () => {
    const session = await world.begin();
    const runs: Run[] = [];
    for (const name of ['a', 'b', 'c']) runs.push(await world.prompt(session.session_id, `Note ${name}`));
    for (const run of runs) await world.runIs(run.run_id, 'succeeded');
    const done = await world.runs(session.session_id);
    expect(done.map(({ prompt }) => prompt)).toEqual(['Note a', 'Note b', 'Note c']);
    for (const [index, run] of done.slice(1).entries()) {
      expect(String(run.started_at) >= String(done[index]?.ended_at)).toBe(true);
    }
    const firstPage = (await world.call<RunPage>('GET', `/api/sessions/${session.session_id}/runs?limit=2`))
      .body;
    expect(firstPage.items.map(({ prompt }) => prompt)).toEqual(['Note c', 'Note b']);
    const path = `/api/sessions/${session.session_id}/runs?limit=2&cursor=${firstPage.next_cursor}`;
    expect((await world.call<RunPage>('GET', path)).body).toMatchObject({
      items: [{ prompt: 'Note a' }],
      next_cursor: null,
    });
  }, 60_000);

  test('a running run is cancelled, and the next one runs; archiving waits for none', async () => {
    const { session_id: id } = (await world.create({})).body;
    const held = await world.prompt(id, 'Hold');
    const next = await world.prompt(id, 'Note');
    await world.runIs(held.run_id, 'running');
    expect(await world.session(id)).toMatchObject({ active_run_id: held.run_id, queued_runs: 1 });
    expect(await world.call('PATCH', `/api/sessions/${id}`, { status: 'archived' })).toMatchObject({
      status: 409,
      body: { code: 'session_busy' },
    });
    expect((await world.call('POST', `/api/runs/${held.run_id}/cancel`, {})).status).toBe(202);
    await world.runIs(held.run_id, 'cancelled');
    await world.runIs(next.run_id, 'succeeded');

    const archived = await world.call<Session>('PATCH', `/api/sessions/${id}`, {
      status: 'archived',
      title: 'Old',
    });
    expect(archived).toMatchObject({ status: 200, body: { status: 'archived', title: 'Old' } });
    const ids = async (query: string) =>
      (await world.call<SessionPage>('GET', `/api/sessions${query}`)).body.items.map(
        (each) => each.session_id,
      );
    expect(await ids('?archived=true')).toEqual([id]);
    expect(await ids('')).not.toContain(id);
    expect(await world.call('POST', `/api/sessions/${id}/prompt`, { prompt: 'x' })).toMatchObject({
      status: 409,
      body: { code: 'session_archived' },
    });
  }, 60_000);

  test('deleting a session ends its running run and leaves nothing', async () => {
    const { session_id: id } = (await world.create({ repo_url: repoUrl })).body;
    const held = await world.prompt(id, 'Hold');
    const waiting = await world.prompt(id, 'Note');
    await world.runIs(held.run_id, 'running');
    expect((await world.call('DELETE', `/api/sessions/${id}`)).status).toBe(204);
    expect(existsSync(join(world.root, id))).toBe(false);
    const db = world.backend.app.get(TenantDatabase, { strict: false });
    const left = await db.acrossTenants((manager) =>
      manager.query<unknown[]>(
        'SELECT id FROM runs WHERE session_id = $1 UNION SELECT id FROM sessions WHERE id = $1',
        [id],
      ),
    );
    expect(left).toEqual([]);
    for (const run of [held, waiting]) expect(await redis.exists(REDIS_KEYS.runEvents(run.run_id))).toBe(0);
  }, 60_000);

  test('a status changes only along its table, and one of many racers changes it', async () => {
    const { session_id: id } = (await world.create({})).body;
    const run = await world.prompt(id, 'Note');
    await world.runIs(run.run_id, 'succeeded');
    const db = world.backend.app.get(TenantDatabase, { strict: false });
    const row = await db.acrossTenants((manager) => manager.findOneByOrFail(RunEntity, { id: run.run_id }));
    const move = (to: Run['status'], tenantId = row.tenantId) =>
      db.run({ tenantId }, (tx) => transition(tx, RunEntity, RUN_TRANSITIONS, { id: row.id, to }));
    for (const to of Object.keys(RUN_TRANSITIONS) as Run['status'][]) expect(await move(to)).toBe(false);

    await db.acrossTenants((manager) => manager.update(RunEntity, { id: row.id }, { status: 'running' }));
    expect(await move('queued')).toBe(false);
    expect(await move('failed', 'another-tenant')).toBe(false);
    const racers = await Promise.all(Array.from({ length: 8 }, () => move('cancelled')));
    expect(racers.filter(Boolean)).toHaveLength(1);
  }, 60_000);
});

describe('over restarts', () => {
  test('a backend that starts takes up sessions, prompts and cancels that were left', async () => {
    await world.endRunner();
    const session = await world.begin({ repo_url: repoUrl });
    const first = await world.prompt(session.session_id, 'Note');
    const second = await world.prompt(session.session_id, 'Note');
    const third = await world.prompt(session.session_id, 'Hold');
    await world.call('POST', `/api/runs/${second.run_id}/cancel`, {});
    await world.closeBackend(world.backend);
    await world.startRunner();
    world.backend = await world.startBackend();
    await world.runIs(first.run_id, 'succeeded');
    expect(await world.runIs(second.run_id, 'cancelled')).toMatchObject({ started_at: null });
    await world.runIs(third.run_id, 'running');
    expect(await world.session(session.session_id)).toMatchObject({
      status: 'ready',
      active_run_id: third.run_id,
    });

    // Cancelled by one backend while the runner is away; another one sees it through.
    const other = await world.startBackend();
    await world.call('POST', `/api/runs/${third.run_id}/cancel`, {});
    await world.runIs(third.run_id, 'cancelled');
    await world.closeBackend(other);
  }, 90_000);

  test('a run that ended while every backend was away is found ended in its log', async () => {
    const { session_id: id } = (await world.create({})).body;
    const run = await world.prompt(id, 'Note');
    await world.runIs(run.run_id, 'running', 'succeeded');
    await world.closeBackend(world.backend);
    await waitFor(async () => (await logOf(run.run_id)).at(-1)?.type === 'run.succeeded');
    await redis.del(REDIS_KEYS.activity);
    world.backend = await world.startBackend();
    expect(await world.runIs(run.run_id, 'succeeded')).toMatchObject({ diff: { files: 1 } });
  }, 60_000);
});
