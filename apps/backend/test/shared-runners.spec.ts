import { waitFor } from '@saas-codex/testing/wait-for';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';

/*
 * Sessions share the runners and the Redis that hands over their runs.
 */

let world: SessionsWorld;

beforeAll(async () => {
  world = await SessionsWorld.create({ MAX_RUNS_PER_TENANT: '2' });
  await world.startRunner();
}, 60_000);
afterAll(() => world.destroy(), 60_000);

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
}, 60_000);

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
}, 60_000);
