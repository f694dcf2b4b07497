import { DataSource } from 'typeorm';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Run, RunPage } from '@saas-codex/contracts/runs';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { systemContext } from '../src/identity/request-context.js';
import { RunsService } from '../src/runs/runs.service.js';
import { SessionsService } from '../src/sessions/sessions.service.js';

/*
 * Sessions share the runners and the Redis that hands over their runs.
 */

let world: SessionsWorld;

beforeAll(async () => {
  world = await SessionsWorld.create(
    { MAX_RUNS_PER_TENANT: '2' },
    { MAX_CONCURRENT_RUNS: '2', MAX_LOGS_MB_PER_TENANT: '1' },
  );
  await world.startRunner();
});
afterAll(() => world.destroy());

const newSession = async () => (await world.create({})).body.session_id;

test('a tenant never exceeds its limit of concurrent runs, and its waiting runs start in order', async () => {
  const [a, b, c, d] = await Promise.all(Array.from({ length: 4 }, newSession));
  const held = [await world.prompt(a!, 'Hold'), await world.prompt(b!, 'Hold')];
  for (const run of held) await world.runIs(run.run_id, 'running');
  const first = await world.prompt(c!, 'Hold');
  const second = await world.prompt(d!, 'Hold');
  const asked = (await world.call('POST', `/api/runs/${held[0]!.run_id}/cancel`, {})).status;
  expect(asked).toBe(202);
  await world.runIs(first.run_id, 'running');
  expect((await world.session(d!)).queued_runs).toBe(1);
  expect(await world.log(second.run_id)).toEqual([]);

  await world.call('POST', `/api/runs/${held[1]!.run_id}/cancel`, {});
  await world.runIs(second.run_id, 'running');
  for (const run of [first, second]) await world.call('POST', `/api/runs/${run.run_id}/cancel`, {});
  for (const run of [first, second]) await world.runIs(run.run_id, 'cancelled');
});

test("a tenant's long runs leave a place of the runners to another tenant, once there is one", async () => {
  const ids = await Promise.all(Array.from({ length: 4 }, newSession));
  const other = systemContext('provisioning', 'newcomer');
  const database = world.backend.app.get(DataSource);
  const insert = 'INSERT INTO tenants (id, name, slug, created_at) VALUES ($1, $1, $1, now())';
  await database.query(insert, [other.tenantId]);
  const [first] = await Promise.all(ids.map((id) => world.prompt(id, 'Hold')));
  const sessions = world.backend.app.get(SessionsService, { strict: false });
  const theirs = await sessions.create(other, {});
  const runs = world.backend.app.get(RunsService, { strict: false });
  const { run_id: id } = await runs.prompt(other, theirs.session_id, { prompt: 'Note' });
  await waitFor(async () => (await runs.read(other, id)).status === 'succeeded');
  expect((await world.call<RunPage>('GET', '/api/runs?status=running')).body.items).toHaveLength(1);
  const waiting = (await world.call<RunPage>('GET', '/api/runs?status=queued')).body.items;
  expect(waiting).toHaveLength(3);

  await database.query('DELETE FROM tenants WHERE id = $1', [other.tenantId]);
  for (const run of waiting.slice(1)) await world.call('POST', `/api/runs/${run.run_id}/cancel`, {});
  await world.runIs(waiting[0]!.run_id, 'running');
  for (const run of [first!, waiting[0]!]) await world.call('POST', `/api/runs/${run.run_id}/cancel`, {});
  for (const run of [first!, waiting[0]!]) await world.runIs(run.run_id, 'cancelled');
});

test('a tenant that fills its share of Redis is told so, while another tenant works and watches', async () => {
  const attacker = systemContext('provisioning', 'attacker');
  const sessions = world.backend.app.get(SessionsService, { strict: false });
  const runs = world.backend.app.get(RunsService, { strict: false });
  const { session_id: theirs } = await sessions.create(attacker, {});
  const names = Array.from({ length: 100 }, (_, n) => `${n} `.padEnd(100, 'x'));
  const renames = Promise.all(names.map((title) => sessions.update(attacker, theirs, { title })));
  const { run_id: printing } = await runs.prompt(attacker, theirs, { prompt: 'Print' });

  const mine = await world.prompt(await newSession(), 'Note');
  const headers = { authorization: `Bearer ${world.backend.ownerToken}` };
  const watching = await openSse(`${world.backend.url}/api/runs/${mine.run_id}/events`, { headers });
  expect((await watching.ended()).at(-2)?.event).toBe('run.succeeded');
  await world.runIs(mine.run_id, 'succeeded');

  const ended = await waitFor(async () => {
    const run = await runs.read(attacker, printing);
    return run.ended_at === null ? null : run;
  });
  expect([ended.status, ended.error]).toEqual(['failed', expect.stringContaining('MAX_LOGS_MB_PER_TENANT')]);
  await renames;
  const taken = await world.redis.hget(REDIS_KEYS.logBytes(attacker.tenantId), 'total');
  expect(Number(taken)).toBeLessThan(1.5 * 1024 * 1024);

  const archivedLogs = REDIS_KEYS.archivedLogs(attacker.tenantId);
  await waitFor(async () => (await world.redis.zscore(archivedLogs, printing)) !== null);
  // Its log is in Postgres now, and makes room for the next one.
  const again = await runs.prompt(attacker, theirs, { prompt: 'Note' });
  await waitFor(async () => (await runs.read(attacker, again.run_id)).status === 'succeeded');
  const jobs = await world.redis.keys(`${REDIS_KEYS.queuePrefix}:*${again.run_id}`);
  expect(jobs).toHaveLength(1);
  const job = await waitFor(async () => {
    const data = await world.redis.hget(jobs[0]!, 'data');
    return data?.includes('Note') ? null : data;
  });
  expect(job).toContain(again.run_id);
});

test('while Redis has no memory, everything can be read and prompts wait; then they run', async () => {
  const id = await newSession();
  const before = await world.prompt(id, 'Note');
  await world.runIs(before.run_id, 'succeeded');
  await world.redis.config('SET', 'maxmemory', 1);
  const prompted = await world.call<Run>('POST', `/api/sessions/${id}/prompt`, { prompt: 'Note' });
  const { body: run } = prompted;
  expect([prompted.status, run.status]).toEqual([202, 'queued']);
  const dispatched = `SELECT FROM runs WHERE id = $1 AND dispatched_at IS NOT NULL`;
  const database = world.backend.app.get(DataSource);
  await waitFor(async () => (await database.query<object[]>(dispatched, [run.run_id])).length === 1);
  const history = await world.call<{ ended: boolean }>('GET', `/api/runs/${before.run_id}/history`);
  expect([history.status, history.body.ended]).toEqual([200, true]);
  expect((await world.session(id)).queued_runs).toBe(1);
  expect(await world.log(run.run_id)).toEqual([]);
  await world.redis.config('SET', 'maxmemory', 0);
  await world.runIs(run.run_id, 'succeeded');
  expect((await world.runs(id)).map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
});

test('after Redis has lost everything no run stays open, no event is lost and no turn starts twice', async () => {
  const heldPrompts = () => world.model.requests.filter(({ prompts }) => prompts.at(-1) === 'Hold it').length;
  const id = await newSession();
  const run = await world.prompt(id, 'Hold it');
  await world.runIs(run.run_id, 'running');
  await waitFor(() => heldPrompts() === 1);
  const before = await world.log(run.run_id);
  await world.redis.flushall();
  await world.runIs(run.run_id, 'interrupted');
  const after = await world.log(run.run_id);
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.at(-1)).toMatchObject({ type: 'run.interrupted', seq: after.length });
  expect(heldPrompts()).toBe(1);
  await world.runIs((await world.prompt(id, 'Note')).run_id, 'succeeded');
});
