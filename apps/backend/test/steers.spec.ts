import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HEADERS } from '@saas-codex/contracts/http';
import type { Run } from '@saas-codex/contracts/runs';
import { MAX_STEERS_PER_RUN, type Steer, type Steers } from '@saas-codex/contracts/steers';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { waitFor } from '@saas-codex/testing/wait-for';

let world: SessionsWorld;
beforeAll(async () => {
  world = await SessionsWorld.create();
  await world.startRunner();
});
afterAll(() => world.destroy());

const steer = (runId: string, prompt: string, headers = {}) =>
  world.call<Steer>('POST', `/api/runs/${runId}/steer`, { prompt }, headers);
const sendNow = (runId: string) => world.call<Steer>('POST', `/api/runs/${runId}/send-now`);
const steersOf = async (runId: string) =>
  (await world.call<Steers>('GET', `/api/runs/${runId}/steers`)).body.items;
const refused = (code: string) => ({ status: 409, body: { code } });

/** A new session whose run is in a command, until `letGo`. */
async function startWork(): Promise<{ sessionId: string; run: Run; letGo: () => Promise<void> }> {
  const { session_id: sessionId } = (await world.create({})).body;
  const run = await world.prompt(sessionId, 'Work until the file is there');
  await waitFor(async () => (await world.log(run.run_id)).some(({ type }) => type === 'item.started'));
  return { sessionId, run, letGo: () => writeFile(join(world.root, sessionId, 'repo', 'go'), '') };
}

/** A new session whose run waits for the model, which never answers. */
async function startHolding(): Promise<{ sessionId: string; run: Run }> {
  const { session_id: sessionId } = (await world.create({})).body;
  const run = await world.prompt(sessionId, 'Hold on');
  await waitFor(async () => (await world.log(run.run_id)).some(({ type }) => type === 'turn.started'));
  return { sessionId, run };
}

/** The prompts that the model was given, in the last request of the session. */
const givenPrompts = (sessionId: string): string[] => {
  const mine = world.model.requests.filter(({ prompts }) => prompts.some((text) => text.includes(sessionId)));
  return mine.at(-1)?.prompts.map((text) => text.replace(` ${sessionId}`, '')) ?? [];
};
const deliveredIn = async (runId: string) =>
  (await world.log(runId)).flatMap((event) => (event.type === 'steer.delivered' ? [event.data] : []));
const untilPending = (runId: string, count: number) =>
  waitFor(async () => (await steersOf(runId)).filter(({ status }) => status === 'pending').length === count);

test('a message reaches the run that works once, however often it is sent, and its log says where', async () => {
  const { sessionId, run, letGo } = await startWork();
  const key = { [HEADERS.idempotencyKey]: randomUUID() };
  const prompt = `Note more ${sessionId}`;
  const answer = await world.backend.post(`/api/runs/${run.run_id}/steer`, { prompt }, key);
  const sent = (await answer.json()) as Steer;
  expect([answer.status, answer.headers.get('location'), sent]).toEqual([
    202,
    `/api/runs/${run.run_id}/steers/${sent.steer_id}`,
    expect.objectContaining({ status: 'pending', prompt, queued_run_id: null, created_by: run.created_by }),
  ]);
  expect((await steer(run.run_id, prompt, key)).body.steer_id).toBe(sent.steer_id);
  await letGo();
  const ended = await world.runIs(run.run_id, 'succeeded');
  expect(ended.result?.final_message).toBe('Noted.');

  expect(await deliveredIn(run.run_id)).toEqual([{ steer_id: sent.steer_id, prompt }]);
  const types = (await world.log(run.run_id)).map(({ type }) => type);
  const at = types.indexOf('steer.delivered');
  expect(types.slice(0, at)).toContain('item.completed');
  expect(types.slice(at)).toContain('item.completed');
  const { body: read } = await world.call<Steer>('GET', `/api/runs/${run.run_id}/steers/${sent.steer_id}`);
  expect(read).toMatchObject({ status: 'delivered', delivered_at: expect.any(String) });
  expect(givenPrompts(sessionId)).toEqual(['Work until the file is there', 'Note more']);
  expect(await world.runs(sessionId)).toHaveLength(1);
});

test('what is sent before the turn has started waits for it, and keeps its order', async () => {
  const { session_id: sessionId } = (await world.create({})).body;
  const run = await world.prompt(sessionId, 'Work until the file is there');
  await waitFor(async () => (await steer(run.run_id, `Note a ${sessionId}`)).status === 202);
  await steer(run.run_id, `Note b ${sessionId}`);
  await writeFile(join(world.root, sessionId, 'repo', 'go'), '');
  await world.runIs(run.run_id, 'succeeded');
  const all = [run, ...(await world.runs(sessionId)).slice(1)];
  for (const one of all) await world.runIs(one.run_id, 'succeeded');
  expect(givenPrompts(sessionId)).toEqual(['Work until the file is there', 'Note a', 'Note b']);
});

test('what a stopped run has not taken in is its session’s first prompt, held with the others', async () => {
  const { sessionId, run } = await startHolding();
  const behind = await world.prompt(sessionId, 'Note behind');
  const first = (await steer(run.run_id, 'Note first')).body;
  await steer(run.run_id, 'Note second');
  await untilPending(run.run_id, 2);
  await world.call('POST', `/api/runs/${run.run_id}/cancel`);
  await world.runIs(run.run_id, 'cancelled');

  const [, ...queued] = (await world.runs(sessionId)).toSorted(
    (a, b) => Number(a.queue_position) - Number(b.queue_position),
  );
  expect(queued.map(({ prompt, held }) => [prompt, held])).toEqual([
    ['Note first', true],
    ['Note second', true],
    ['Note behind', true],
  ]);
  expect(queued[0]?.created_by).toEqual(first.created_by);
  expect((await steersOf(run.run_id)).map(({ status, queued_run_id: id }) => [status, id])).toEqual([
    ['queued', queued[0]?.run_id],
    ['queued', queued[1]?.run_id],
  ]);
  await world.call('PATCH', `/api/sessions/${sessionId}`, { queue_held: false });
  await world.runIs(behind.run_id, 'succeeded');
  expect(await world.runs(sessionId)).toHaveLength(4);
  expect(await deliveredIn(run.run_id)).toEqual([]);
});

test('what a lost runner has not taken in is the next prompt, once, also with two backends', async () => {
  const { sessionId, run } = await startHolding();
  const sent = (await steer(run.run_id, `Note on ${sessionId}`)).body;
  await untilPending(run.run_id, 1);
  await world.endRunner();
  const second = await world.startBackend();
  await world.startRunner();
  await world.runIs(run.run_id, 'interrupted');
  const next = await waitFor(async () => {
    const [{ queued_run_id: id } = sent] = await steersOf(run.run_id);
    return id === null ? null : world.runIs(id, 'succeeded');
  });
  expect(next).toMatchObject({ prompt: `Note on ${sessionId}`, created_by: sent.created_by });
  expect(await world.runs(sessionId)).toHaveLength(2);
  expect(givenPrompts(sessionId)).toEqual(['Hold on', 'Note on']);
  await world.closeBackend(second);
});

test('a run that has just ended is no error: the message is queued before the others', async () => {
  const { session_id: sessionId } = (await world.create({})).body;
  const run = await world.prompt(sessionId, 'Note');
  await world.runIs(run.run_id, 'succeeded');
  const { status, body } = await steer(run.run_id, 'Note late');
  expect([status, body]).toEqual([202, expect.objectContaining({ status: 'queued', delivered_at: null })]);
  await world.runIs(body.queued_run_id ?? '', 'succeeded');
  await world.call('PATCH', `/api/sessions/${sessionId}`, { status: 'archived' });
  expect(await steer(run.run_id, 'Note later')).toMatchObject(refused('session_archived'));
});

test('a prompt that waits is sent to the run that works, and leaves the queue', async () => {
  const { sessionId, run, letGo } = await startWork();
  const waiting = await world.prompt(sessionId, `Note now ${sessionId}`);
  expect(await steer(waiting.run_id, 'Note x')).toMatchObject(refused('run_not_working'));
  const { status, body: sent } = await sendNow(waiting.run_id);
  expect([status, sent]).toEqual([
    202,
    expect.objectContaining({ run_id: run.run_id, prompt: waiting.prompt, created_by: waiting.created_by }),
  ]);
  expect(await sendNow(waiting.run_id)).toMatchObject(refused('run_not_queued'));
  await letGo();
  await world.runIs(run.run_id, 'succeeded');
  await world.runIs(waiting.run_id, 'cancelled');
  expect(await deliveredIn(run.run_id)).toEqual([{ steer_id: sent.steer_id, prompt: waiting.prompt }]);
  expect(givenPrompts(sessionId)).toEqual(['Work until the file is there', 'Note now']);
  expect(await world.session(sessionId)).toMatchObject({ queued_runs: 0 });
});

test('refuses what cannot be delivered, and says what to do', async () => {
  const { run } = await startHolding();
  for (let sent = 0; sent < MAX_STEERS_PER_RUN; sent += 1) await steer(run.run_id, `Note ${sent}`);
  expect(await steer(run.run_id, 'Note')).toMatchObject(refused('too_many_steers'));
  expect(await steer(run.run_id, ' ')).toMatchObject({ status: 400 });
  await world.call('DELETE', `/api/sessions/${run.session_id}`);

  const { session_id: id } = (await world.create({ setup: { script: 'sleep 1000' } })).body;
  const [setup] = await world.runs(id);
  await world.runIs(setup?.run_id ?? '', 'running');
  expect(await steer(setup?.run_id ?? '', 'Note')).toMatchObject(refused('steer_unsupported'));
  const waiting = await world.prompt(id, 'Note');
  expect(await sendNow(waiting.run_id)).toMatchObject(refused('steer_unsupported'));
  await world.call('DELETE', `/api/sessions/${id}`);
});

test('where the engine takes no messages, they are refused', async () => {
  await world.endRunner();
  await world.startRunner({ ENGINE: 'sdk' });
  const { run, sessionId } = await startHolding();
  expect(await steer(run.run_id, 'Note')).toMatchObject(refused('steer_unsupported'));
  const waiting = await world.prompt(sessionId, 'Note');
  expect(await sendNow(waiting.run_id)).toMatchObject(refused('steer_unsupported'));
  expect(await world.runs(sessionId)).toHaveLength(2);
});
