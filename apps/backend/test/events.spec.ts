import { randomUUID } from 'node:crypto';
import { connectRedis } from '@saas-codex/service-kit/redis';
import type { RunLogOwner } from '@saas-codex/event-log/run-log/run-log-entry';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Me } from '@saas-codex/contracts/identity';
import type { RunEvent } from '@saas-codex/contracts/events';
import type { Problem } from '@saas-codex/contracts/problems';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { MAX_WATCHED_RUNS } from '@saas-codex/contracts/watched-runs';
import type { Redis } from 'ioredis';
import { openSse, type SseEvent } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { startSilentRunner } from '@saas-codex/testing/backend/silent-runner';
import { DataSource } from 'typeorm';
import { AUTH, type Auth } from '../src/identity/better-auth.js';
import { StreamAccess } from '../src/identity/stream-access.js';
import { createSignInToken, OWNER_EMAIL } from '../src/identity/sign-in-links.js';
import { systemContext } from '../src/identity/request-context.js';
import { RunEntity } from '../src/runs/run.entity.js';
import { SessionEntity } from '../src/sessions/session.entity.js';
import { RunStore } from '../src/runs/run-store.js';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';

const STARTED = { kind: 'prompt', prompt: 'Say hello', model: null, runner: 'spec' } as const;

let backend: TestBackend;
let redis: Redis;
let runner: Awaited<ReturnType<typeof startSilentRunner>>;
let logs: RunLogs;

beforeAll(async () => {
  runner = await startSilentRunner();
  backend = await startBackend({ RUNNER_URL: runner.url });
  redis = connectRedis(backend.config.REDIS_URL);
  logs = new RunLogs(redis, backend.config.WORKSPACES_ROOT);
});
afterAll(async () => {
  redis.disconnect();
  await backend.stop();
  runner.stop();
});

const asOwner = () => ({ authorization: `Bearer ${backend.ownerToken}` });

/** A run that was handed over to the runner. */
async function queueRun(): Promise<{ run: Run; owner: RunLogOwner }> {
  const created = await backend.post('/api/sessions', {}, { prefer: 'respond-async' });
  const { session_id } = (await created.json()) as Session;
  const prompted = await backend.post(`/api/sessions/${session_id}/prompt`, { prompt: 'Say hello' });
  expect(prompted.status).toBe(202);
  const run = (await prompted.json()) as Run;
  const me = (await (await backend.fetch('/api/me')).json()) as Me;
  return { run, owner: { runId: run.run_id, sessionId: session_id, tenantId: me.tenant.tenant_id } };
}

const readRun = async (id: string) => (await (await backend.fetch(`/api/runs/${id}`)).json()) as Run;

it("streams a run's events to its tenant, from its beginning or after any id", async () => {
  const { run, owner } = await queueRun();
  const url = `${backend.url}/api/runs/${run.run_id}/events`;
  const live = await openSse(url, { headers: asOwner() });
  const log = await logs.startLog(owner, STARTED);
  await log.appendEvent('turn.started', {});
  await logs.endLog(owner, 'run.failed', { reason: 'The spec says so.' });
  const events = await live.ended();
  expect(events.map(({ id, event }) => [id, event])).toEqual([
    ['1', 'run.started'],
    ['2', 'turn.started'],
    ['3', 'run.failed'],
    [null, 'end'],
  ]);
  const resumed = await openSse(url, { headers: { ...asOwner(), 'last-event-id': '1' } });
  expect(await resumed.ended()).toEqual(events.slice(1));
});

it('continues after an event that Redis has lost, and refuses an event id that never existed', async () => {
  const { run, owner } = await queueRun();
  const ready = async () => {
    const answer = await backend.fetch(`/api/sessions/${run.session_id}`);
    return ((await answer.json()) as Session).status === 'ready';
  };
  await waitFor(ready, { what: 'the workspace, where spools are' });
  const log = await logs.startLog(owner, STARTED);
  await log.appendEvent('turn.started', {});
  const key = REDIS_KEYS.runEvents(run.run_id);
  const [[id, fields] = ['', []]] = await redis.xrange(key, '-', '+', 'COUNT', 1);
  // In one transaction: a reader that sees no log at all has it written anew from the spool.
  await redis
    .multi()
    .del(key)
    .xadd(key, id, ...fields)
    .exec();
  const url = `${backend.url}/api/runs/${run.run_id}/events`;
  const after = (last: string) => openSse(url, { headers: { ...asOwner(), 'last-event-id': last } });
  const resumed = await after('2');
  expect((await after('3')).status).toBe(400);
  await logs.endLog(owner, 'run.succeeded', {});
  expect((await resumed.ended()).map(({ id, event }) => [id, event])).toEqual([
    ['3', 'run.succeeded'],
    [null, 'end'],
  ]);
});

it('gives a run the outcome of its log, and publishes it to its tenant', async () => {
  const { run, owner } = await queueRun();
  const activity = await openSse(`${backend.url}/api/events`, { headers: asOwner() });
  await logs.startLog(owner, STARTED);
  await logs.endLog(owner, 'run.failed', { reason: 'The spec says so.' });
  await waitFor(async () => (await readRun(run.run_id)).status === 'failed');
  expect(await readRun(run.run_id)).toMatchObject({ error: 'The spec says so.' });
  await activity.until((events) =>
    events.some(({ event, data }) => event === 'run.status' && JSON.parse(data).status === 'failed'),
  );
  activity.close();
});

it('finds a run only for its own tenant, also when two tenants ask at the same time', async () => {
  const { run, owner } = await queueRun();
  const runs = backend.app.get(RunStore, { strict: false });
  const [own, other, unknown] = await Promise.allSettled([
    runs.require(systemContext('runs', owner.tenantId), run.run_id),
    runs.require(systemContext('runs', 'another-tenant'), run.run_id),
    runs.require(systemContext('runs', owner.tenantId), randomUUID()),
  ]);
  expect(own).toEqual({ status: 'fulfilled', value: owner });
  const refused = { status: 'rejected', reason: expect.objectContaining({ code: 'run_not_found' }) };
  expect([other, unknown]).toEqual([refused, refused]);
});

it('responds with problem documents instead of a stream', async () => {
  const { run } = await queueRun();
  const codeOf = async (path: string, headers: Record<string, string>) => {
    const answer = await fetch(backend.url + path, { headers });
    return [answer.status, ((await answer.json()) as Problem).code];
  };
  const events = `/api/runs/${run.run_id}/events`;
  expect(await codeOf(events, {})).toEqual([401, 'unauthenticated']);
  expect(await codeOf('/api/events', {})).toEqual([401, 'unauthenticated']);
  expect(await codeOf(`${events}?after=x`, asOwner())).toEqual([400, 'invalid_cursor']);
  expect(await codeOf(`${events}?after=5`, asOwner())).toEqual([400, 'invalid_cursor']);
  expect(await codeOf(`/api/runs/${randomUUID()}/events`, asOwner())).toEqual([404, 'run_not_found']);
  expect(await codeOf('/api/runs/5/events', asOwner())).toEqual([400, 'invalid_request']);
});

describe('watched runs', () => {
  const watch = (runs: string, after = '') =>
    openSse(`${backend.url}/api/events?runs=${runs}${after && `&after=${after}`}`, { headers: asOwner() });
  const dataOf = ({ data }: SseEvent) => JSON.parse(data) as Record<string, unknown>;
  /** What came of the run: `id type` of its events, and `end`. */
  const got = (events: SseEvent[], runId: string) =>
    events.flatMap((each) => {
      const data = dataOf(each) as { id: string; event: RunEvent; run_id: string };
      if (each.event === 'run' && data.event.run_id === runId) return `${data.id} ${data.event.type}`;
      return each.event === 'run.end' && data.run_id === runId ? 'end' : [];
    });
  const problems = (events: SseEvent[]) => events.filter(({ event }) => event === 'run.error').map(dataOf);

  it('come in the same connection as the activities, each to its end', async () => {
    const [one, two, ended, unwatched] = [
      await queueRun(),
      await queueRun(),
      await queueRun(),
      await queueRun(),
    ];
    await logs.startLog(ended.owner, STARTED);
    await logs.endLog(ended.owner, 'run.succeeded', {});
    const ids = [one, two, ended].map(({ run }) => run.run_id);
    const client = await watch(ids.join(','));
    const log = await logs.startLog(one.owner, STARTED);
    await logs.startLog(two.owner, STARTED);
    await log.appendDelta({ item_type: 'agent_message', stream_id: 's', text: 'Hel' });
    await log.appendEvent('turn.started', {});
    for (const { owner } of [one, unwatched]) await logs.endLog(owner, 'run.failed', { reason: 'x' });
    const events = await client.until(
      (all) =>
        got(all, one.run.run_id).includes('end') &&
        got(all, two.run.run_id).length === 1 &&
        all.some(({ event, data }) => event === 'run.status' && data.includes(unwatched.run.run_id)),
    );
    expect(ids.map((id) => got(events, id))).toEqual([
      ['1-0 run.started', '1-1 item.delta', '2-0 turn.started', '3-0 run.failed', 'end'],
      ['1-0 run.started'],
      ['1-0 run.started', '2-0 run.succeeded', 'end'],
    ]);
    // A browser comes back with the id of its last activity, whatever came of the runs meanwhile.
    for (const { event, id } of events)
      expect([event, id !== null]).toEqual([event, !/^(run|run\.e.*|heartbeat)$/.test(event)]);
    client.close();
  });

  it('continue, over any number of connections with other lists, without a gap or a repetition', async () => {
    const runs = [await queueRun(), await queueRun(), await queueRun()];
    const writers = await Promise.all(runs.map(({ owner }) => logs.startLog(owner, STARTED)));
    const lists = runs.map((): string[] => []);
    let activity = '';
    for (let round = 0; round < 6; round++) {
      // In turn, one run is left out.
      const chosen = [0, 1, 2].filter((index) => index !== round % 4);
      const list = chosen.map((index) => {
        const last = lists[index]?.at(-1)?.split(' ')[0];
        return `${runs[index]?.run.run_id}${last === undefined ? '' : `@${last}`}`;
      });
      const client = await watch(list.join(','), activity);
      await Promise.all(
        writers.flatMap((log) => [
          log.appendEvent('error', { message: `round ${round}` }),
          log.appendDelta({ item_type: 'reasoning', stream_id: 's', text: 'x' }),
        ]),
      );
      const want = 1 + 2 * (round + 1);
      await client.until((events) =>
        chosen.every(
          (index) => (lists[index]?.length ?? 0) + got(events, runs[index]?.run.run_id ?? '').length >= want,
        ),
      );
      client.close();
      for (const index of chosen) lists[index]?.push(...got(client.events, runs[index]?.run.run_id ?? ''));
      activity = client.events.findLast(({ id }) => id !== null)?.id ?? activity;
    }
    const client = await watch(
      runs.map(({ run }, index) => `${run.run_id}@${lists[index]?.at(-1)?.split(' ')[0]}`).join(','),
    );
    for (const { owner } of runs) await logs.endLog(owner, 'run.succeeded', {});
    await client.until((events) => runs.every(({ run }) => got(events, run.run_id).includes('end')));
    client.close();
    const whole = ['1-0 run.started'];
    for (let seq = 2; seq < 8; seq++) whole.push(`${seq}-0 error`, `${seq}-1 item.delta`);
    whole.push('8-0 run.succeeded', 'end');
    for (const [index, { run }] of runs.entries()) {
      expect([...(lists[index] ?? []), ...got(client.events, run.run_id)]).toEqual(whole);
    }
  });

  it('are refused one by one, a run of another tenant like one that does not exist', async () => {
    const own = await queueRun();
    const foreign = { session: randomUUID(), run: randomUUID() };
    const { manager } = backend.app.get(DataSource);
    const other = { tenantId: 'another-tenant' };
    const session = await manager.findOneByOrFail(SessionEntity, { id: own.run.session_id });
    await manager.insert(SessionEntity, { ...session, ...other, id: foreign.session });
    const run = await manager.findOneByOrFail(RunEntity, { id: own.run.run_id });
    const moved = { ...other, id: foreign.run, sessionId: foreign.session };
    await manager.insert(RunEntity, { ...run, ...moved });
    const unknown = randomUUID();
    const ids = [unknown, foreign.run, `${own.run.run_id}@7`];
    const client = await watch(ids.join(','));
    await client.until((events) => problems(events).length === 3);
    const byRun = new Map(
      problems(client.events).map(({ run_id, ...problem }) => [run_id as string, problem]),
    );
    expect(byRun.get(unknown)).toMatchObject({ status: 404, code: 'run_not_found' });
    expect(byRun.get(foreign.run)).toEqual(byRun.get(unknown));
    expect(byRun.get(own.run.run_id)).toMatchObject({ status: 400, code: 'invalid_cursor' });
    expect(client.closed()).toBe(false);
    client.close();
  });

  it.each([
    ['is not a list of ids', () => 'x'],
    ['has an empty entry', () => `${randomUUID()},`],
    ['has a malformed position', () => `${randomUUID()}@1-`],
    ['has two positions for a run', () => `${randomUUID()}@1@2`],
    [
      'names a run twice',
      () => Array.from({ length: 2 }, () => '01a20ab5-ae54-7856-92ea-c8912e0f8d29').join(','),
    ],
    ['names too many', () => Array.from({ length: MAX_WATCHED_RUNS + 1 }, () => randomUUID()).join(',')],
  ])('are refused as a whole when the list %s', async (_, list) => {
    const answer = await backend.fetch(`/api/events?runs=${list()}`);
    expect([answer.status, ((await answer.json()) as Problem).code]).toEqual([400, 'invalid_request']);
  });
});

it('accepts an id of the stream that all tenants once shared, and lets that stream expire', async () => {
  const former = 'codex:activity';
  const id = (await redis.xadd(former, '*', 'type', 'session.deleted', 'event', '{}')) ?? '';
  const next = await startBackend({
    DATABASE_URL: backend.config.DATABASE_URL,
    REDIS_URL: backend.config.REDIS_URL,
    OWNER_TOKEN_FILE: backend.config.OWNER_TOKEN_FILE,
  });
  await waitFor(async () => (await redis.ttl(former)) > 0);
  const { run, owner } = await queueRun();
  await logs.startLog(owner, STARTED);
  const client = await openSse(`${next.url}/api/events`, { headers: { ...asOwner(), 'last-event-id': id } });
  await client.until((events) =>
    events.some(({ event, data }) => event === 'run.status' && JSON.parse(data).run_id === run.run_id),
  );
  await next.stop();
});

it('closes its streams when it stops', async () => {
  const other = await startBackend({
    DATABASE_URL: backend.config.DATABASE_URL,
    REDIS_URL: backend.config.REDIS_URL,
    OWNER_TOKEN_FILE: backend.config.OWNER_TOKEN_FILE,
  });
  const stream = await openSse(`${other.url}/api/events`, { headers: asOwner() });
  await other.stop();
  await stream.ended();
});

describe('an open stream', () => {
  const sql = (statement: string) => backend.app.get(DataSource).query<object[]>(statement);

  async function signIn(): Promise<Record<string, string>> {
    const token = await createSignInToken(backend.app.get<Auth>(AUTH), OWNER_EMAIL);
    const answer = await fetch(`${backend.url}/api/auth/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    return { cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
  }

  it.each<[string, 'cookie' | 'key' | 'both', string[], string]>([
    ['the sign-in has ended', 'cookie', ['DELETE FROM user_sessions'], ''],
    [
      'the key is revoked',
      'key',
      ['UPDATE api_keys SET enabled = false'],
      'UPDATE api_keys SET enabled = true',
    ],
    ['the role changes', 'both', ["UPDATE members SET role = 'member'"], "UPDATE members SET role = 'owner'"],
    [
      'the membership is removed',
      'both',
      ['CREATE TABLE gone AS SELECT * FROM members', 'DELETE FROM members'],
      'INSERT INTO members SELECT * FROM gone',
    ],
  ])('ends when %s', async (_, whose, revoke, restore) => {
    const { run } = await queueRun();
    const cookie = await signIn();
    const open = async (path: string) => ({
      cookie: await openSse(backend.url + path, { headers: cookie }),
      key: await openSse(backend.url + path, { headers: asOwner() }),
    });
    const paths = ['/api/events', `/api/events?runs=${run.run_id}`, `/api/runs/${run.run_id}/events`];
    const streams = await Promise.all(paths.map(open));
    const access = backend.app.get(StreamAccess);
    await access.tick();
    expect(streams.flatMap((pair) => [pair.cookie.closed(), pair.key.closed()])).not.toContain(true);
    for (const statement of revoke) await sql(statement);
    await access.tick();
    for (const pair of streams) {
      if (whose !== 'key') await pair.cookie.ended();
      else expect(pair.cookie.closed()).toBe(false);
      if (whose !== 'cookie') await pair.key.ended();
      else expect(pair.key.closed()).toBe(false);
      pair.cookie.close();
      pair.key.close();
    }
    await sql(restore);
  });
});

it('limits the open streams of one tenant, and gives a place back when its connection breaks', async () => {
  const { run } = await queueRun();
  const { DATABASE_URL, REDIS_URL, WORKSPACES_ROOT, OWNER_TOKEN_FILE } = backend.config;
  const stores = { DATABASE_URL, REDIS_URL, WORKSPACES_ROOT, OWNER_TOKEN_FILE };
  const limited = await startBackend({ ...stores, RUNNER_URL: runner.url, MAX_STREAMS_PER_TENANT: '2' });
  const paths = [`/api/runs/${run.run_id}/events`, '/api/events'];
  const open = (path: string) => openSse(`${limited.url}${path}`, { headers: asOwner() });
  const [first] = await Promise.all(paths.map(open));
  for (const path of paths) {
    const refused = await limited.fetch(path);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
    expect(((await refused.json()) as Problem).code).toBe('too_many_streams');
    // A gateway asks this way whether a client may have a stream that it serves itself.
    expect((await limited.fetch(path, { method: 'HEAD' })).status).toBe(200);
  }
  first?.response.socket.resetAndDestroy();
  await waitFor(async () => {
    const again = await open(paths[1] ?? '');
    return again.status === 200;
  });
  await limited.close();
});
