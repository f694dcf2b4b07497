import { randomUUID } from 'node:crypto';
import type { LimitsOverview } from '@saas-codex/contracts/limits';
import { MODEL_CALLS_PATH, type Reservation } from '@saas-codex/contracts/model-calls';
import type { Models } from '@saas-codex/contracts/models';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Run } from '@saas-codex/contracts/runs';
import type { TenantUsage } from '@saas-codex/contracts/usage';
import { MoneyRace, RACE, sql } from '@saas-codex/testing/backend/money-race';
import { createPerson } from '@saas-codex/testing/backend/people';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { SERVICE_TOKEN } from '@saas-codex/testing/runner/runner-process';
import { waitFor } from '@saas-codex/testing/wait-for';
import { LedgerReconciler } from '../src/usage/ledger-reconciler.js';

/* Money: real runners with real Codex, a scripted model that answers with large usage, and caps. */

let world: SessionsWorld;
let race: MoneyRace;

beforeAll(async () => {
  world = await SessionsWorld.create(RACE.backend, RACE.runner);
  await Promise.all([world.startRunner(), world.startSecondRunner()]);
  race = new MoneyRace(world);
  await race.prepare();
});
afterAll(() => world.destroy());

const limits = async (change: object) =>
  (await world.call<LimitsOverview>('PATCH', '/api/limits', change)).body;
const models = (change: object) => world.call<Models>('PATCH', '/api/models', change);
const types = async ({ run_id }: Run) => (await world.log(run_id)).map(({ type }) => type);
const tenantId = async () => {
  const [row] = await sql<{ tenant_id: string }>(world, 'SELECT tenant_id FROM runs LIMIT 1');
  return row?.tenant_id ?? '';
};
const newSession = async (body: object = {}) => (await world.create(body)).body.session_id;
/** Waits at the cap. */
const isPaused = (run: Run) => waitFor(async () => (await types(run)).at(-1) === 'limit.reached');

async function internal(path: string, body: object, token = SERVICE_TOKEN) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const answer = await fetch(world.backend.url + path, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as Reservation };
}

test('twenty runs on two runners never spend more than the cap, and all go on when it is raised', async () => {
  const { cap, before, runs } = await race.start();
  await race.settled(runs);
  const spent = await race.spent(cap, before);
  expect(spent.ledger).toBeGreaterThan(before.ledger);
  expect(spent.ledger).toBeLessThanOrEqual(cap);
  expect(spent.total).toBe(spent.ledger);
  expect(spent.billed).toBeLessThanOrEqual(cap);
  const paused = (await Promise.all(runs.map(types))).filter((all) => all.at(-1) === 'limit.reached');
  expect(paused.length).toBeGreaterThan(10);
  const activities = (await world.redis.keys(REDIS_KEYS.activity('*'))).map(async (stream) =>
    JSON.stringify(await world.redis.xrange(stream, '-', '+')).match(/\\"percentage\\":100/g),
  );
  expect((await Promise.all(activities)).flat()).toHaveLength(1);

  await race.raiseCap();
  for (const run of runs) await world.runIs(run.run_id, 'succeeded');
  await race.settled(runs);
  const calls = await sql<{ state: string; calls: number }>(
    world,
    `SELECT state, count(*)::int AS calls FROM model_calls GROUP BY 1`,
  );
  expect(calls).toEqual([{ state: 'settled', calls: world.model.requests.length }]);
});

test('a reservation is made once, settled once, and each cap on its way is in force', async () => {
  const id = await newSession();
  const run = await world.prompt(id, 'Hold it');
  await world.runIs(run.run_id, 'running');
  const tenant_id = await tenantId();
  const call = {
    call_id: randomUUID(),
    tenant_id,
    run_id: run.run_id,
    model: 'gpt-6-luna',
    input_tokens: 1_000,
    output_tokens: 500,
    demo: false,
  };
  const reserve = (change: object = {}) => internal(MODEL_CALLS_PATH, { ...call, ...change });
  const settle = (outcome: string, usage: object | null = null) =>
    internal(`${MODEL_CALLS_PATH}/${call.call_id}/settle`, { tenant_id, outcome, usage });
  const used = async () => {
    const [row] = await sql<{ used: number; reserved: number }>(
      world,
      `SELECT tokens::int AS used, reserved_tokens::int AS reserved FROM spend_totals WHERE scope = 'run' AND subject = '${run.run_id}'`,
    );
    return row;
  };
  // The run's own call, which the model never answers.
  const own = await waitFor(used);
  expect((await internal(MODEL_CALLS_PATH, call, 'x'.repeat(32))).status).toBe(401);
  const both = await Promise.all([reserve(), reserve()]);
  expect(both.map(({ body }) => body)).toEqual([
    { outcome: 'granted', output_tokens: null },
    { outcome: 'granted', output_tokens: null },
  ]);
  expect(await used()).toEqual({ used: 0, reserved: own.reserved + 1_500 });
  await settle('unknown');
  expect(await used()).toEqual({ used: 1_500, reserved: own.reserved });
  const usage = {
    input_tokens: 900,
    cached_input_tokens: 800,
    output_tokens: 50,
    reasoning_output_tokens: 0,
  };
  await Promise.all([settle('settled', usage), settle('settled', usage), settle('released')]);
  expect(await used()).toEqual({ used: 950, reserved: own.reserved });
  const [row] = await sql<{ state: string; micro_usd: string }>(
    world,
    `SELECT state, micro_usd FROM model_calls WHERE id = '${call.call_id}'`,
  );
  // 100 × 0.125 + 800 × 0.01 + 50 × 0.5 micro-dollars, rounded up.
  expect(row).toEqual({ state: 'settled', micro_usd: '46' });

  const room = own.reserved + 950;
  for (const [scope, field] of [
    ['run', 'tokens'],
    ['session', 'tokens_per_day'],
    ['person', 'tokens_per_month'],
  ]) {
    await limits({ [scope!]: { [field!]: 1_000 } });
    const refused = await reserve({ call_id: randomUUID() });
    expect(refused.body).toMatchObject({
      outcome: 'limit_reached',
      limit: { scope, cap: 1_000, needed: 1_500 },
    });
    await waitFor(async () => (await world.session(id)).needs_you?.reason === 'limit_reached');
    await limits({ [scope!]: { [field!]: null } });
  }
  await limits({ run: { tokens: room + 1_499 } });
  expect((await reserve({ call_id: randomUUID() })).body).toMatchObject({ outcome: 'busy' });
  await waitFor(async () => (await world.session(id)).needs_you === null);
  await limits({ run: { tokens: null, micro_usd: 5_000_000 } });
  const unpriced = await reserve({ call_id: randomUUID(), model: 'local-model' });
  expect(unpriced.body).toMatchObject({ outcome: 'refused', code: 'model_price_unknown' });
  const limited = await reserve({ call_id: randomUUID(), output_tokens: null });
  expect(limited.body).toEqual({ outcome: 'granted', output_tokens: 6_000 });
  await limits({ run: { micro_usd: null } });

  await world.call('POST', `/api/runs/${run.run_id}/cancel`, {});
  await world.runIs(run.run_id, 'cancelled');
  expect((await reserve({ call_id: randomUUID() })).body).toMatchObject({
    outcome: 'refused',
    code: 'run_ended',
  });
  // What is still reserved is taken for used, once the run's runner would have said otherwise.
  await sql(world, `UPDATE runs SET ended_at = now() - interval '2 minutes' WHERE id = '${run.run_id}'`);
  const reconciler = world.backend.app.get(LedgerReconciler, { strict: false });
  await reconciler.kick({ tenantId: tenant_id });
  expect((await used())?.reserved).toBe(0);
});

test('a model that is not allowed is refused to sessions, prompts and Codex', async () => {
  const [first] = world.model.requests;
  const id = await newSession({ model: 'gpt-6-luna' });
  const other = await newSession();
  await models({ allowed: ['gpt-6-sol'] });
  const refused = { status: 409, body: { code: 'model_not_allowed' } };
  expect(await world.create({ model: 'gpt-6-luna' })).toMatchObject(refused);
  expect(await world.call('POST', `/api/sessions/${id}/prompt`, { prompt: 'Note' })).toMatchObject(refused);
  const named = await world.call('POST', `/api/sessions/${other}/prompt`, {
    prompt: 'Note',
    model: 'gpt-6-luna',
  });
  expect(named).toMatchObject(refused);
  expect(named.body.detail).toContain('gpt-6-sol');
  const asked = world.model.requests.length;
  const run = await world.prompt(other, 'Note');
  expect((await world.runIs(run.run_id, 'failed')).error).toContain(
    `does not allow the model ${first?.model}`,
  );
  expect(world.model.requests.length).toBe(asked);
  const { body } = await models({ allowed: null });
  expect(body.items.every(({ allowed }) => allowed)).toBe(true);
});

test('the report adds up the ledger, as CSV too, and shows others only to those who manage limits', async () => {
  const member = await createPerson(world.backend, await tenantId(), 'member');
  const usage = async (headers: Record<string, string>, query = '') =>
    (await world.call<TenantUsage>('GET', `/api/usage${query}`, undefined, headers)).body;
  const { spent } = await usage({});
  const [sum] = await sql<{ calls: number; micro_usd: number }>(
    world,
    `SELECT count(*)::int AS calls, sum(micro_usd)::float8 AS micro_usd FROM model_calls WHERE state IN ('settled', 'assumed')`,
  );
  expect(spent).toMatchObject({ of: 'everyone', total: sum });
  for (const parts of [spent?.by_day, spent?.by_person, spent?.by_repository, spent?.by_model])
    expect(parts?.reduce((all, { micro_usd }) => all + micro_usd, 0)).toBe(sum?.micro_usd);
  expect((await usage(member.key)).spent).toMatchObject({
    of: 'yourself',
    total: { calls: 0 },
    by_person: [],
  });
  expect((await usage({}, '?from=2020-01-01&to=2020-01-31')).spent).toMatchObject({
    total: { calls: 0 },
    by_day: [],
  });
  expect((await world.call('GET', '/api/usage?from=2020-02-01&to=2020-01-01')).status).toBe(400);
  const csv = await world.backend.fetch('/api/usage', { headers: { accept: 'text/csv' } });
  expect(csv.headers.get('content-type')).toMatch(/^text\/csv/);
  const lines = (await csv.text()).trimEnd().split('\r\n');
  const total = lines.slice(1).reduce((all, line) => all + Number(line.split(',').at(-1)), 0);
  expect(total).toBe(sum?.micro_usd);
});

test('limits of concurrent and queued runs are in force', async () => {
  const [a, b] = [await newSession(), await newSession()];
  await limits({ person: { concurrent_runs: 1 }, session: { queued_runs: 1 } });
  const first = await world.prompt(a, 'Hold');
  await world.runIs(first.run_id, 'running');
  const second = await world.prompt(b, 'Note');
  const third = await world.call('POST', `/api/sessions/${b}/prompt`, { prompt: 'Note' });
  expect(third).toMatchObject({ status: 409, body: { code: 'limit_reached' } });
  expect(await world.log(second.run_id)).toEqual([]);
  await world.call('POST', `/api/runs/${first.run_id}/cancel`, {});
  await world.runIs(second.run_id, 'succeeded');
  await limits({ person: { concurrent_runs: null }, session: { queued_runs: null } });
});

test('a run that nobody helps ends at the limit and says so; one that is stopped there leaves nothing reserved', async () => {
  await limits({ run: { tokens: 1_000 } });
  const stopped = await world.prompt(await newSession(), 'Note');
  await isPaused(stopped);
  await world.call('POST', `/api/runs/${stopped.run_id}/cancel`, {});
  await world.runIs(stopped.run_id, 'cancelled');

  await Promise.all([world.endRunner(), world.endSecondRunner()]);
  await world.startRunner({ LIMIT_WAIT_MINUTES: '0' });
  const asked = world.model.requests.length;
  const run = await world.prompt(await newSession(), 'Note');
  const { error } = await world.runIs(run.run_id, 'failed');
  expect(error).toContain('the limit of 1,000 tokens for one run');
  expect((await world.log(run.run_id)).at(-1)).toMatchObject({
    type: 'run.failed',
    data: { code: 'limit_reached' },
  });
  expect(world.model.requests.length).toBe(asked);
  const [row] = await sql<{ reserved: number }>(
    world,
    `SELECT count(*)::int AS reserved FROM model_calls WHERE state = 'reserved'`,
  );
  expect(row?.reserved).toBe(0);
});
