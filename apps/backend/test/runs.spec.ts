import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Diff, FoundPaths } from '@saas-codex/contracts/diffs';
import type { SessionReadActivity, SessionUpdatedActivity } from '@saas-codex/contracts/activity';
import type { Me } from '@saas-codex/contracts/identity';
import type { SessionRead } from '@saas-codex/contracts/needs-you';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import {
  type Queue,
  type Run,
  RUN_TRANSITIONS,
  type RunItemPage,
  type RunPage,
} from '@saas-codex/contracts/runs';
import { Session, type SessionPage } from '@saas-codex/contracts/sessions';
import { createPerson, createServiceAccount } from '@saas-codex/testing/backend/people';
import { openSse, type SseEvent } from '@saas-codex/testing/sse-client';
import { jailedCodex } from '@saas-codex/testing/runner/runner-world';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';
import { TenantDatabase } from '../src/database/tenant-database.js';
import { transition } from '../src/database/transition.js';
import { RunReconciler } from '../src/runs/run-reconciler.js';
import { RunEntity } from '../src/runs/run.entity.js';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';

/** Whether it says that what the session needs has changed. */
const isNews = ({ event, data }: SseEvent, id: string): boolean =>
  event === 'session.updated' && (JSON.parse(data) as SessionUpdatedActivity).session_id === id;

let world: SessionsWorld;
let repoUrl: string;

beforeAll(async () => {
  world = await SessionsWorld.create();
  repoUrl = await world.git.createRepository('hello', { 'README.md': '# Hello\n' });
  await world.startRunner();
});
afterAll(() => world.destroy());

describe('a session with its runs', () => {
  test('it is created, runs a prompt and has a diff; a second run continues the conversation', async () => {
    const created = await world.create({ repo_url: repoUrl });
    expect(created).toMatchObject({ status: 201, body: { status: 'ready', title: 'hello', failure: null } });
    expect(Session.parse(created.body)).toMatchObject({
      thread_id: expect.any(String),
      base_commit: expect.any(String),
    });
    const id = created.body.session_id;
    const queued = await world.call<Run>('POST', `/api/sessions/${id}/prompt`, { prompt: 'Note one' });
    expect(queued).toMatchObject({ status: 202, body: { status: 'queued' } });
    await waitFor(async () => (await world.log(queued.body.run_id)).at(-1)?.type === 'run.succeeded');
    // A read waits until the run is settled, but not for ever.
    const run = await waitFor(async () => {
      const { body } = await world.call<Run>('GET', `/api/runs/${queued.body.run_id}`);
      return body.ended_at === null ? null : body;
    });
    expect(run).toMatchObject({
      status: 'succeeded',
      error: null,
      diff: { files: 1, additions: 1, deletions: 0 },
    });
    expect(run.usage?.output_tokens).toBeGreaterThan(0);
    expect(queued.body.result).toBeNull();
    const counts = { files_changed: 1, additions: 1, deletions: 0 };
    expect(run.result).toEqual({ final_message: 'Noted.', usage: run.usage, ...counts });
    expect(run.started_at).not.toBeNull();

    const found = (q: string) => world.call<FoundPaths>('GET', `/api/sessions/${id}/paths?q=${q}&limit=1`);
    expect((await found('NOTE')).body).toEqual({ paths: ['note-1.md'], truncated: false });
    expect((await found('')).body).toMatchObject({ truncated: true });
    expect((await found('rdm')).body).toEqual({ paths: ['README.md'], truncated: false });
    expect((await found('..%2F')).body).toEqual({ paths: [], truncated: false });

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
    expect(await world.call('GET', `/api/sessions/${id.toUpperCase()}/diff`)).toMatchObject({ status: 200 });
    const capitals = await world.backend.fetch(`/api/runs/${run.run_id.toUpperCase()}/events`);
    expect(await capitals.text()).toContain('event: run.succeeded');
    const types = (await world.log(run.run_id)).map(({ type }) => type);
    expect(types).toContain('checkpoint.created');
    expect(types.at(-1)).toBe('run.succeeded');
  });

  test('reviews and compactions are runs of their own kinds: they work on its conversation and are counted', async () => {
    const { session_id: id } = (await world.create({ repo_url: repoUrl })).body;
    const review = (target: object) => world.call<Run>('POST', `/api/sessions/${id}/reviews`, { target });
    const compact = () => world.call<Run>('POST', `/api/sessions/${id}/compact`);
    expect(await compact()).toMatchObject({ status: 409, body: { code: 'nothing_to_compact' } });
    const prompt = await world.prompt(id, 'Note one');
    const prompted = await world.runIs(prompt.run_id, 'succeeded');
    expect(prompted.context?.window_tokens).toBeGreaterThan(prompted.context?.used_tokens ?? Infinity);

    const asked = await review({ type: 'base' });
    expect(asked).toMatchObject({ status: 202, body: { kind: 'review', status: 'queued' } });
    const { run_id: reviewId } = asked.body;
    const reviewed = await world.runIs(reviewId, 'succeeded');
    expect(reviewed).toMatchObject({ diff: { files: 0 }, usage: { output_tokens: expect.any(Number) } });
    const { body: items } = await world.call<RunItemPage>('GET', `/api/runs/${reviewId}/items`);
    const finding = { title: 'Say which note', path: 'note-1.md', first_line: 1, last_line: 1, priority: 1 };
    expect(items.items.at(-1)).toMatchObject({ type: 'review', findings: [finding] });
    const read = await world.call<Run>('GET', `/api/runs/${reviewId}`);
    expect(read.body.result?.final_message).toBe('One mistake.');

    const { run_id: compactId } = (await compact()).body;
    expect(await world.runIs(compactId, 'succeeded')).toMatchObject({ kind: 'compact' });
    const { manager } = world.backend.app.get(DataSource);
    for (const runId of [reviewId, compactId]) {
      const calls = await manager.query<unknown[]>('SELECT FROM model_calls WHERE run_id = $1', [runId]);
      expect(calls.length).toBeGreaterThan(0);
    }
    expect(await world.session(id)).toMatchObject({ title: 'Note one', needs_you: null });
    const { body: kinds } = await world.call<RunPage>('GET', `/api/runs?session_id=${id}&kind=review`);
    expect(kinds.items.map(({ run_id }) => run_id)).toEqual([reviewId]);
  });

  test('Codex is started ahead when the session is ready, when its run has ended and by a hint, unless the run must start anew', async () => {
    const codexOf = (id: string) => jailedCodex(join(world.root, id, 'repo'));
    const { session_id: id } = (await world.create({})).body;
    const whenReady = await waitFor(async () => (await codexOf(id))[0], { what: 'the first to be started' });
    const first = await world.prompt(id, 'Hold');
    await world.runIs(first.run_id, 'running');
    expect(await codexOf(id)).toEqual([whenReady]);
    await world.call('POST', `/api/runs/${first.run_id}/cancel`, {});
    const next = await waitFor(async () => (await codexOf(id)).find((pid) => pid !== whenReady), {
      what: 'the second to be started',
    });
    const hint = () => world.backend.fetch(`/api/sessions/${id}/warm`, { method: 'POST' });
    expect((await hint()).status).toBe(204);
    const second = await world.prompt(id, 'Note');
    await world.runIs(second.run_id, 'succeeded');
    const third = await waitFor(async () => (await codexOf(id)).find((pid) => pid !== next), {
      what: 'the third to be started',
    });

    await world.call('PATCH', `/api/sessions/${id}`, { trust_repository: true });
    const trusting = await world.prompt(id, 'Note');
    await world.runIs(trusting.run_id, 'succeeded');
    expect((await hint()).status).toBe(204);
    expect(await codexOf(id)).toEqual([]);
    expect(third).not.toBe(next);
    const missing = await world.backend.fetch(`/api/sessions/${trusting.run_id}/warm`, { method: 'POST' });
    expect(missing.status).toBe(404);
  });

  test('activity reports a session from its creation to its deletion and always agrees with the API', async () => {
    const { session_id: id } = (await world.create({ repo_url: repoUrl })).body;
    const run = await world.prompt(id, 'Note');
    await world.runIs(run.run_id, 'succeeded');
    const session = await world.session(id);
    await waitFor(async () => {
      const last = (await world.activity(id)).findLast(({ type }) => type === 'session.updated');
      return last?.type === 'session.updated' && isDeepStrictEqual(last.session, session);
    });
    const activities = await world.activity(id);
    expect(activities.flatMap((each) => (each.type === 'run.status' ? [each.status] : []))).toEqual([
      'queued',
      'running',
      'succeeded',
    ]);
    const phases = activities.flatMap((each) => (each.type === 'session.progress' ? [each.phase] : []));
    expect(phases.at(0)).toBe('resolving');
    expect(phases.at(-1)).toBe('opening_thread');

    await world.call('DELETE', `/api/sessions/${id}`);
    expect((await world.activity(id)).at(-1)?.type).toBe('session.deleted');
  });

  test('a prompt with Prefer: wait is answered when its run has ended, or when the time is over', async () => {
    const { session_id: id } = (await world.create({})).body;
    const prompt = async (text: string, prefer: string) => {
      const answer = await world.backend.post(`/api/sessions/${id}/prompt`, { prompt: text }, { prefer });
      const run = (await answer.json()) as Run;
      expect([answer.status, answer.headers.get('location')]).toEqual([202, `/api/runs/${run.run_id}`]);
      return { run, applied: answer.headers.get('preference-applied') };
    };
    const done = await prompt('Note', 'respond-async, wait=600');
    expect(done).toMatchObject({
      applied: 'wait=60',
      run: { status: 'succeeded', result: { final_message: 'Noted.', files_changed: 1 } },
    });
    const open = await prompt('Hold', 'wait=1');
    expect(open).toMatchObject({ applied: 'wait=1', run: { ended_at: null, result: null } });
    expect(await prompt('Note', 'wait=soon')).toMatchObject({ applied: null, run: { status: 'queued' } });

    const waiting = prompt('Note', 'wait=60');
    await waitFor(async () => (await world.session(id)).queued_runs === 2);
    for (const { run_id: runId } of (await world.runs(id)).toReversed())
      await world.call('POST', `/api/runs/${runId}/cancel`, {});
    expect(await waiting).toMatchObject({ run: { status: 'cancelled', result: { final_message: null } } });
  });

  test('the runs of all sessions are listed newest first, page by page, by status, session, kind and time', async () => {
    const [first, second] = [(await world.create({})).body, (await world.create({})).body];
    const runs = [
      await world.prompt(first.session_id, 'Note 1'),
      await world.prompt(second.session_id, 'Note 2'),
      await world.prompt(first.session_id, 'Note 3'),
    ];
    for (const run of runs) await world.runIs(run.run_id, 'succeeded');
    const list = async (query: string) => (await world.call<RunPage>('GET', `/api/runs?${query}`)).body;
    const prompts = async (query: string) => (await list(query)).items.map(({ prompt }) => prompt);
    const page = await list('limit=2');
    expect(page.items.map(({ prompt }) => prompt)).toEqual(['Note 3', 'Note 2']);
    expect((await prompts(`limit=1&cursor=${page.next_cursor}`))[0]).toBe('Note 1');
    expect(await prompts(`session_id=${first.session_id.toUpperCase()}`)).toEqual(['Note 3', 'Note 1']);
    expect(await prompts(`session_id=${first.session_id}&status=cancelled`)).toEqual([]);
    expect(await prompts(`session_id=${first.session_id}&kind=setup`)).toEqual([]);
    const [{ created_at: at } = { created_at: '' }] = runs;
    expect(await prompts(`created_after=${at}`)).toEqual(['Note 3', 'Note 2']);
    expect(await prompts(`session_id=${first.session_id}&created_before=${runs[2]?.created_at}`)).toEqual([
      'Note 1',
    ]);
    for (const query of ['status=odd', 'session_id=1', 'created_after=0000-01-01T00:00:00Z', 'kind=odd'])
      expect(await world.call('GET', `/api/runs?${query}`)).toMatchObject({ status: 400 });
    await world.call('DELETE', `/api/sessions/${second.session_id}`);
    expect(await prompts('limit=2')).toEqual(['Note 3', 'Note 1']);
  });

  test("a session's prompts run one after the other, in order", async () => {
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
  });

  test('stopping a prompt holds the queue until it is resumed; a busy session cannot be archived', async () => {
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
    expect(await world.session(id)).toMatchObject({ queue_held: true, queued_runs: 1 });
    expect(await world.runIs(next.run_id, 'queued')).toMatchObject({ held: true });
    // A new prompt runs at once. The held one still waits after it.
    const correction = await world.prompt(id, 'Note the correction');
    await world.runIs(correction.run_id, 'succeeded');
    expect(await world.runIs(next.run_id, 'queued')).toMatchObject({ held: true });
    const resumed = await world.call<Session>('PATCH', `/api/sessions/${id}`, { queue_held: false });
    expect(resumed).toMatchObject({ status: 200, body: { queue_held: false } });
    const done = await world.runIs(next.run_id, 'succeeded');
    expect(done).toMatchObject({ held: false, diff: { files: 1 } });
    expect(String(done.started_at) >= String((await world.runs(id)).at(-1)?.ended_at)).toBe(true);

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
    const unarchived = await world.call<Session>('PATCH', `/api/sessions/${id}`, { status: 'ready' });
    expect(unarchived).toMatchObject({ status: 200, body: { status: 'ready', title: 'Old' } });
    expect(await ids('')).toContain(id);
    await world.runIs((await world.prompt(id, 'Note again')).run_id, 'succeeded');
  });

  test('prompts that wait are edited and put in another order, and start as they then are', async () => {
    const { session_id: id } = (await world.create({})).body;
    const first = await world.prompt(id, 'Hold');
    await world.runIs(first.run_id, 'running');
    const [b, c, d] = [
      await world.prompt(id, 'Note b'),
      await world.prompt(id, 'Note c'),
      await world.prompt(id, 'Note d'),
    ];
    const queue = async () =>
      (await world.runs(id))
        .filter(({ queue_position: position }) => position !== null)
        .toSorted((one, other) => Number(one.queue_position) - Number(other.queue_position))
        .map(({ prompt }) => prompt);
    const edit = (runId: string, body: object) => world.call<Run>('PATCH', `/api/runs/${runId}`, body);
    const order = (...run_ids: string[]) =>
      world.call<Queue>('POST', `/api/sessions/${id}/queue`, { run_ids });
    const refused = (code: string) => ({ status: 409, body: { code } });

    const published = (await world.activity(id)).length;
    const edited = await edit(b.run_id, { prompt: 'Note B', if_edited_at: null });
    expect(edited.body).toMatchObject({
      prompt: 'Note B',
      edited_by: { kind: 'api_key' },
      created_by: b.created_by,
    });
    expect(edited.body.edited_at).not.toBeNull();
    // Those who watch read the runs again.
    await waitFor(async () =>
      (await world.activity(id)).slice(published).some(({ type }) => type === 'session.updated'),
    );
    expect(await edit(b.run_id, { prompt: 'Note b 2', if_edited_at: null })).toMatchObject(
      refused('prompt_edited'),
    );
    const again = await edit(b.run_id, { prompt: 'Note B', if_edited_at: edited.body.edited_at });
    expect(again.status).toBe(200);
    expect(await edit(first.run_id, { prompt: 'Note x' })).toMatchObject(refused('run_not_queued'));
    // Who wants it out of the queue does not want a run stopped that has just started.
    expect(await world.call('POST', `/api/runs/${first.run_id}/cancel?if_queued=true`)).toMatchObject(
      refused('run_not_queued'),
    );

    const ordered = await order(d.run_id, b.run_id, c.run_id);
    expect(ordered.body.items.map(({ prompt }) => prompt)).toEqual(['Note d', 'Note B', 'Note c']);
    expect(await queue()).toEqual(['Note d', 'Note B', 'Note c']);
    for (const ids of [
      [d, b],
      [d, b, c, first],
      [d, d, b, c],
    ]) {
      const answer = await order(...ids.map(({ run_id: runId }) => runId));
      expect(answer).toMatchObject(refused('queue_changed'));
      expect(answer.body).toMatchObject({ run_ids: [d.run_id, b.run_id, c.run_id] });
    }
    expect((await world.call('POST', `/api/runs/${c.run_id}/next`)).status).toBe(200);
    expect(await queue()).toEqual(['Note c', 'Note d', 'Note B']);
    await world.prompt(id, 'Note e');

    await world.call('POST', `/api/runs/${first.run_id}/cancel`);
    // One leaves the hold, the others stay in it.
    expect((await world.call<Run>('POST', `/api/runs/${b.run_id}/next`)).body).toMatchObject({ held: false });
    await world.runIs(b.run_id, 'succeeded');
    expect(await world.session(id)).toMatchObject({ queue_held: true, queued_runs: 3 });
    expect(await edit(b.run_id, { prompt: 'Note x' })).toMatchObject(refused('run_not_queued'));
    await world.call('PATCH', `/api/sessions/${id}`, { queue_held: false });
    const done = [];
    for (const { run_id: runId } of (await world.runs(id)).slice(1))
      done.push(await world.runIs(runId, 'succeeded'));
    const started = done.toSorted((one, other) =>
      String(one.started_at) < String(other.started_at) ? -1 : 1,
    );
    expect(started.map(({ prompt }) => prompt)).toEqual(['Note B', 'Note c', 'Note d', 'Note e']);
    const startedWith = (await world.log(b.run_id)).find(({ type }) => type === 'run.started');
    expect(startedWith?.data).toMatchObject({ prompt: 'Note B' });
  });

  test('an edit that races with the start of its run is in that run, or is refused', async () => {
    const { session_id: id } = (await world.create({})).body;
    for (const round of [1, 2, 3, 4]) {
      const { run_id: runId } = await world.prompt(id, `Note ${round}`);
      const edits = [`Note ${round} a`, `Note ${round} b`, `Note ${round} c`];
      const accepted = [`Note ${round}`];
      for (const prompt of edits)
        if ((await world.call('PATCH', `/api/runs/${runId}`, { prompt })).status === 200)
          accepted.push(prompt);
      const run = await world.runIs(runId, 'succeeded');
      const log = await world.log(runId);
      expect([run.prompt, log.find(({ type }) => type === 'run.started')?.data]).toEqual([
        accepted.at(-1),
        expect.objectContaining({ prompt: accepted.at(-1) }),
      ]);
      expect(log.filter(({ type }) => type === 'turn.started')).toHaveLength(1);
    }
  });

  test('a prompt runs with the model and effort that it names, or else with those of its session', async () => {
    const [ofSession, ofPrompt] = [
      { model: 'gpt-6-luna', reasoning_effort: 'low' },
      { model: 'gpt-6-sol', reasoning_effort: 'high' },
    ];
    const { body: session } = await world.create(ofSession);
    expect(session).toMatchObject(ofSession);
    const send = async (named: object) => {
      const seen = world.model.requests.length;
      const path = `/api/sessions/${session.session_id}/prompt`;
      const { body: run } = await world.call<Run>('POST', path, { prompt: 'Note', ...named });
      await world.runIs(run.run_id, 'succeeded');
      const asked = world.model.requests.slice(seen).map(({ model, effort }) => `${model} ${effort}`);
      return [run.model, run.reasoning_effort, [...new Set(asked)]];
    };
    expect(await send({})).toEqual(['gpt-6-luna', 'low', ['gpt-6-luna low']]);
    expect(await send(ofPrompt)).toEqual(['gpt-6-sol', 'high', ['gpt-6-sol high']]);
    expect(await send({ reasoning_effort: 'medium' })).toEqual([
      'gpt-6-luna',
      'medium',
      ['gpt-6-luna medium'],
    ]);
    const refused = await world.call('POST', `/api/sessions/${session.session_id}/prompt`, {
      prompt: 'Note',
      reasoning_effort: 'endless',
    });
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  test('a title made from a prompt follows its edit, and a given one does not', async () => {
    const titleAfter = async (body: object) => {
      const { session_id: id } = await world.begin({ ...body, setup: { script: 'exit 1' } });
      const { run_id: runId } = await world.prompt(id, 'The password is 1234');
      await world.call('PATCH', `/api/runs/${runId}`, { prompt: 'Log in' });
      return (await world.session(id)).title;
    };
    expect([await titleAfter({}), await titleAfter({ title: 'Given' })]).toEqual(['Log in', 'Given']);
  });

  test('a prompt to a session whose folder is lost fails with that reason', async () => {
    const { session_id: id } = (await world.create({})).body;
    expect(await world.session(id)).toMatchObject({ last_run_status: null });
    // Codex may be about to be started in it.
    await rm(join(world.root, id), { recursive: true, maxRetries: 20 });
    const run = await world.prompt(id, 'Note');
    expect((await world.runIs(run.run_id, 'failed')).error).toContain('folder is lost');
    expect(await world.session(id)).toMatchObject({ status: 'ready', last_run_status: 'failed' });
    expect((await world.call('GET', `/api/sessions/${id}/diff`)).body.code).toBe('workspace_unreadable');
  });

  test('deleting a session ends its running run and leaves nothing', async () => {
    const { session_id: id } = (await world.create({ repo_url: repoUrl })).body;
    const held = await world.prompt(id, 'Hold');
    const waiting = await world.prompt(id, 'Note');
    await world.runIs(held.run_id, 'running');
    expect((await world.call('DELETE', `/api/sessions/${id}`)).status).toBe(204);
    expect(existsSync(join(world.root, id))).toBe(false);
    const left = await world.backend.app
      .get(DataSource)
      .query<unknown[]>(
        'SELECT id FROM runs WHERE session_id = $1 UNION SELECT id FROM sessions WHERE id = $1',
        [id],
      );
    expect(left).toEqual([]);
    for (const run of [held, waiting])
      expect(await world.redis.exists(REDIS_KEYS.runEvents(run.run_id))).toBe(0);
  });

  test('a status changes only along its transition table, and only one of many racing changes succeeds', async () => {
    const { session_id: id } = (await world.create({})).body;
    const run = await world.prompt(id, 'Note');
    await world.runIs(run.run_id, 'succeeded');
    const db = world.backend.app.get(TenantDatabase, { strict: false });
    const { manager } = world.backend.app.get(DataSource);
    const row = await manager.findOneByOrFail(RunEntity, { id: run.run_id });
    const move = (to: Run['status'], tenantId = row.tenantId) =>
      db.run({ tenantId }, (tx) => transition(tx, RunEntity, RUN_TRANSITIONS, { id: row.id, to }));
    for (const to of Object.keys(RUN_TRANSITIONS) as Run['status'][]) expect(await move(to)).toBe(false);

    await manager.update(RunEntity, { id: row.id }, { status: 'running' });
    expect(await move('queued')).toBe(false);
    expect(await move('failed', 'another-tenant')).toBe(false);
    const racers = await Promise.all(Array.from({ length: 8 }, () => move('cancelled')));
    expect(racers.filter(Boolean)).toHaveLength(1);
  });
});

describe('a session that waits for a person', () => {
  const me = async () => (await world.call<Me>('GET', '/api/me')).body;
  const reasonOf = async (id: string) => (await world.session(id)).needs_you?.reason ?? null;
  const listed = async (query: string, headers = {}) =>
    (await world.call<SessionPage>('GET', `/api/sessions?${query}`, undefined, headers)).body.items.map(
      ({ session_id: id }) => id,
    );

  test('a failure waits for its owner and author until one of them has read it; each reads for themselves', async () => {
    const { user, tenant } = await me();
    const [author, viewer] = [
      await createPerson(world.backend, tenant.tenant_id, 'member'),
      await createPerson(world.backend, tenant.tenant_id, 'viewer'),
    ];
    const { session_id: id } = (await world.create({})).body;
    // Codex may be about to be started in it.
    await rm(join(world.root, id), { recursive: true, maxRetries: 20 });
    expect(await reasonOf(id)).toBeNull();
    expect(await listed('unread=true')).not.toContain(id);
    const path = `/api/sessions/${id}`;
    const { body } = await world.call<Run>('POST', `${path}/prompt`, { prompt: 'Note' }, author.key);
    const { ended_at: since } = await world.runIs(body.run_id, 'failed');
    const concerned = [user.user_id, author.userId].toSorted();
    const needsYou = { reason: 'run_failed', since, user_ids: concerned };
    expect(await world.session(id)).toMatchObject({
      last_run_by: author.userId,
      news_at: since,
      needs_you: needsYou,
    });

    const lists = async () => ({
      needsYou: [await listed('needs_you=true'), await listed('needs_you=true', author.key)].map((ids) =>
        ids.includes(id),
      ),
      unread: [
        await listed('unread=true'),
        await listed('unread=true', author.key),
        await listed('unread=true', viewer.key),
      ].map((ids) => ids.includes(id)),
    });
    expect(await listed('needs_you=true', viewer.key)).toEqual([]);
    expect(await lists()).toEqual({ needsYou: [true, true], unread: [true, true, false] });
    const streams = await Promise.all(
      [author.cookie, viewer.key].map((headers) => openSse(`${world.backend.url}/api/events`, { headers })),
    );
    const read = (method: string, headers: Record<string, string>) =>
      world.call<SessionRead>(method, `${path}/read`, undefined, headers);

    // It does not concern the viewer, who follows the session from now on.
    expect((await read('GET', viewer.key)).body).toEqual({ read_at: null });
    expect((await read('PUT', viewer.key)).status).toBe(200);
    expect(await reasonOf(id)).toBe('run_failed');

    const seen = await read('PUT', author.key);
    expect(Date.parse(seen.body.read_at ?? '')).toBeGreaterThanOrEqual(Date.parse(since ?? ''));
    expect(await read('PUT', author.key)).toEqual(seen);
    expect((await read('GET', author.key)).body).toEqual(seen.body);
    expect(await reasonOf(id)).toBeNull();
    expect(await lists()).toEqual({ needsYou: [false, false], unread: [true, false, false] });

    expect((await read('DELETE', author.key)).status).toBe(204);
    expect((await world.session(id)).needs_you).toEqual(needsYou);
    expect(await lists()).toEqual({ needsYou: [true, true], unread: [true, true, false] });

    const readers = await Promise.all(
      streams.map(async (stream) => {
        const all = await stream.until((events) => events.filter((one) => isNews(one, id)).length >= 2);
        stream.close();
        return all
          .filter(({ event }) => event === 'session.read')
          .map(({ data }) => (JSON.parse(data) as SessionReadActivity).user_id);
      }),
    );
    expect(readers).toEqual([[author.userId, author.userId], [viewer.userId]]);

    const program = await createServiceAccount(world.backend, tenant.tenant_id, 'member');
    expect((await read('GET', program.key)).body).toEqual({ read_at: null });
    for (const method of ['PUT', 'DELETE'])
      expect(await read(method, program.key)).toMatchObject({
        status: 403,
        body: { code: 'person_required' },
      });

    const rowsOf = (person: string) =>
      world.backend.app
        .get(DataSource)
        .query<unknown[]>('SELECT FROM session_reads WHERE user_id = $1', [person]);
    expect(await rowsOf(author.userId)).toHaveLength(1);
    await world.call('DELETE', `/api/members/${author.userId}`);
    expect(await rowsOf(author.userId)).toEqual([]);
  });

  test('a held queue, a failed setup and a failed clone wait, each until somebody decides or has seen it', async () => {
    const { session_id: id } = (await world.create({})).body;
    const held = await world.prompt(id, 'Hold');
    await world.runIs(held.run_id, 'running');
    const waiting = await world.prompt(id, 'Note');
    await world.call('POST', `/api/runs/${held.run_id}/cancel`, {});
    await world.runIs(held.run_id, 'cancelled');
    expect(await reasonOf(id)).toBe('queue_held');
    expect(await listed('needs_you=true')).toContain(id);
    await world.call('PUT', `/api/sessions/${id}/read`);
    expect(await reasonOf(id)).toBe('queue_held');
    await world.call('PATCH', `/api/sessions/${id}`, { queue_held: false });
    expect(await reasonOf(id)).toBeNull();
    await world.runIs(waiting.run_id, 'succeeded');

    const { session_id: unset } = (await world.create({ setup: { script: 'exit 1' } })).body;
    await waitFor(async () => (await reasonOf(unset)) === 'setup_failed');
    await world.call('PATCH', `/api/sessions/${unset}`, { setup: null });
    expect(await reasonOf(unset)).toBeNull();

    const missing = await world.begin({ repo_url: repoUrl.replace('hello', 'missing') });
    await world.sessionIs(missing.session_id, 'failed');
    expect(await reasonOf(missing.session_id)).toBe('session_failed');
    await world.call('PUT', `/api/sessions/${missing.session_id}/read`);
    expect(await reasonOf(missing.session_id)).toBeNull();
  });
});

describe('across restarts', () => {
  test('a backend that starts continues sessions, prompts and cancels that another left unfinished', async () => {
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

    // One backend records the cancel; whichever backend is left completes it.
    const other = await world.startBackend();
    await world.call('POST', `/api/runs/${third.run_id}/cancel`, {});
    await world.runIs(third.run_id, 'cancelled');
    await world.closeBackend(other);
  });

  test('a held queue stays held over a restart, and a held prompt can be removed', async () => {
    const { session_id: id } = (await world.create({})).body;
    const held = await world.prompt(id, 'Hold');
    await world.runIs(held.run_id, 'running');
    const first = await world.prompt(id, 'Note');
    const second = await world.prompt(id, 'Note');
    await world.call('POST', `/api/runs/${held.run_id}/cancel`, {});
    await world.runIs(held.run_id, 'cancelled');
    await world.closeBackend(world.backend);
    world.backend = await world.startBackend();
    await world.backend.app.get(RunReconciler, { strict: false }).scanNow();
    expect((await world.runs(id)).map(({ status, held: waits }) => [status, waits])).toEqual([
      ['cancelled', false],
      ['queued', true],
      ['queued', true],
    ]);
    await world.call('POST', `/api/runs/${first.run_id}/cancel`, {});
    await world.runIs(first.run_id, 'cancelled');
    await world.call('PATCH', `/api/sessions/${id}`, { queue_held: false });
    await world.runIs(second.run_id, 'succeeded');
  });

  test('a run that lost both its log and its runner is closed, and its session continues', async () => {
    const { session_id: id } = (await world.create({})).body;
    const held = await world.prompt(id, 'Hold');
    await world.runIs(held.run_id, 'running');
    await world.endRunner();
    await world.redis.flushall();
    await world.startRunner();
    await world.runIs(held.run_id, 'interrupted');
    await world.runIs((await world.prompt(id, 'Note')).run_id, 'succeeded');
  });

  test('reviews wait, move and leave the queue like prompts; what the engine cannot do is refused', async () => {
    const { session_id: slow } = await world.begin({ repo_url: world.slowHost.url });
    const base = { target: { type: 'base' } };
    const early = await world.call('POST', `/api/sessions/${slow}/reviews`, base);
    expect(early).toMatchObject({ status: 409, body: { code: 'base_missing' } });
    await world.call('DELETE', `/api/sessions/${slow}`);

    const { session_id: id } = (await world.create({})).body;
    const post = (path: string, body?: object) => world.call<Run>('POST', `/api/${path}`, body);
    const review = () =>
      post(`sessions/${id}/reviews`, { target: { type: 'custom', instructions: 'All of it' } });
    await world.endRunner();
    const prompt = await world.prompt(id, 'Note');
    // It is handed over as soon as there is a runner.
    await waitFor(async () => (await world.runs(id))[0]?.queue_position === null);
    const [{ body: first }, { body: second }] = [await review(), await post(`sessions/${id}/compact`)];
    expect(first).toMatchObject({ kind: 'review', prompt: 'All of it' });
    const order = { run_ids: [second.run_id, first.run_id] };
    const { body: queue } = await world.call<Queue>('POST', `/api/sessions/${id}/queue`, order);
    expect(queue.items.map(({ kind }) => kind)).toEqual(['compact', 'review']);
    expect(await world.call('PATCH', `/api/runs/${first.run_id}`, { prompt: 'Some' })).toMatchObject({
      status: 409,
      body: { code: 'run_not_queued' },
    });
    expect((await post(`runs/${first.run_id}/cancel?if_queued=true`)).body.status).toBe('cancelled');

    await world.startRunner({ ENGINE: 'sdk' });
    await world.runIs(prompt.run_id, 'succeeded');
    // It was accepted before it was known which engine would get it.
    const failed = await world.runIs(second.run_id, 'failed');
    expect(failed.error).toContain('ENGINE=app-server');
    expect(await review()).toMatchObject({ status: 409, body: { code: 'not_supported_by_engine' } });
    await world.endRunner();
    await world.startRunner();
  });

  test('a run that ended while no backend was up is settled from its log', async () => {
    const { session_id: id } = (await world.create({})).body;
    const run = await world.prompt(id, 'Note');
    // A run needs a backend for each model call, and for nothing else. This one makes two.
    const { manager } = world.backend.app.get(DataSource);
    const calls = () => manager.query<unknown[]>('SELECT FROM model_calls WHERE run_id = $1', [run.run_id]);
    await waitFor(async () => (await calls()).length === 2);
    await world.closeBackend(world.backend);
    await waitFor(async () => (await world.log(run.run_id)).at(-1)?.type === 'run.succeeded');
    await world.redis.del(await world.redis.keys(REDIS_KEYS.activity('*')));
    world.backend = await world.startBackend();
    expect(await world.runIs(run.run_id, 'succeeded')).toMatchObject({ diff: { files: 1 } });
  });

  test('two backends share the work, and every prompt runs once', async () => {
    const other = await world.startBackend();
    const { session_id: id } = await world.begin({ repo_url: repoUrl });
    const prompts = ['Note 1', 'Note 2', 'Note 3', 'Note 4'];
    const answers = await Promise.all(
      prompts.map((prompt, index) =>
        [world.backend, other][index % 2]!.post(`/api/sessions/${id}/prompt`, { prompt }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    const runs = await world.runs(id);
    for (const run of runs) await world.runIs(run.run_id, 'succeeded');
    expect(runs.map(({ prompt }) => prompt).toSorted()).toEqual(prompts);
    for (const run of runs) {
      const types = (await world.log(run.run_id)).map(({ type }) => type);
      expect(types.filter((type) => type === 'turn.started')).toHaveLength(1);
    }
    expect(await world.session(id)).toMatchObject({ status: 'ready', diff: { files: 4 } });
    await world.closeBackend(other);
  });
});
