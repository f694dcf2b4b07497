import { randomUUID } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Me } from '@saas-codex/contracts/identity';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { ReadRunHistory } from '@saas-codex/contracts/run-history';
import { type Run, RunItemPage } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { connectRedis } from '@saas-codex/service-kit/redis';
import type { RunLogOwner } from '@saas-codex/event-log/run-log/run-log-entry';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { sendRaw } from '@saas-codex/testing/gateway/gateway';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { RunEntity } from '../src/runs/run.entity.js';
import { startSilentRunner } from '@saas-codex/testing/backend/silent-runner';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';

const STARTED = { kind: 'prompt', prompt: 'Say hello', model: null, runner: 'spec' } as const;
const DELTA = { item_type: 'agent_message', stream_id: 's1', text: 'Hel' } as const;

let first: TestBackend;
let backend: TestBackend;
/** Another backend on the same data, which has read no log before a client asks for it. */
let second: TestBackend;
let redis: Redis;
let runner: Awaited<ReturnType<typeof startSilentRunner>>;
let logs: RunLogs;

// Streams expire as soon as they are archived.
const settings = () => ({ RUNNER_URL: runner.url, RUN_LOG_TTL_MINUTES: '0' });
const placesOf = ({ config }: TestBackend) => ({
  DATABASE_URL: config.DATABASE_URL,
  REDIS_URL: config.REDIS_URL,
  WORKSPACES_ROOT: config.WORKSPACES_ROOT,
  OWNER_TOKEN_FILE: config.OWNER_TOKEN_FILE,
});

beforeAll(async () => {
  runner = await startSilentRunner();
  first = await startBackend(settings());
  backend = first;
  second = await startBackend({ ...settings(), ...placesOf(backend) });
  redis = connectRedis(backend.config.REDIS_URL);
  logs = new RunLogs(redis, backend.config.WORKSPACES_ROOT);
});
afterAll(async () => {
  redis.disconnect();
  await Promise.all([backend.close(), second.close()]);
  await first.stop();
  runner.stop();
});

async function newRun(): Promise<RunLogOwner> {
  const created = await backend.post('/api/sessions', {});
  const { session_id: sessionId } = (await created.json()) as Session;
  const prompted = await backend.post(`/api/sessions/${sessionId}/prompt`, { prompt: 'Say hello' });
  const me = (await (await backend.fetch('/api/me')).json()) as Me;
  return { runId: ((await prompted.json()) as Run).run_id, sessionId, tenantId: me.tenant.tenant_id };
}

const open = ({ runId }: RunLogOwner, after?: string, from = second) =>
  openSse(`${from.url}/api/runs/${runId}/events${after === undefined ? '' : `?after=${after}`}`, {
    headers: { authorization: `Bearer ${backend.ownerToken}` },
  });
const inRedis = ({ runId }: RunLogOwner) => redis.exists(REDIS_KEYS.runEvents(runId));
const archived = (owner: RunLogOwner) => waitFor(async () => (await inRedis(owner)) === 0);
const spoolOf = ({ sessionId, runId }: RunLogOwner) =>
  join(backend.config.WORKSPACES_ROOT, sessionId, 'spool', `${runId}.log`);

it('serves an archived log unchanged, except for its deltas', async () => {
  const owner = await newRun();
  const live = await open(owner, undefined, backend);
  const log = await logs.startLog(owner, STARTED);
  await log.appendEvent('turn.started', {});
  await log.appendDelta(DELTA);
  await log.appendEvent('error', { message: 'a line\u2028that is “two” to some' });
  await logs.endLog(owner, 'run.failed', { reason: 'The spec says so.' });
  const seen = (await live.ended()).filter(({ id }) => !id?.includes('-'));
  await archived(owner);
  expect(await (await open(owner)).ended()).toEqual(seen);
  expect(await (await open(owner, '2-1')).ended()).toEqual(seen.slice(2));
  // An EventSource stops after this.
  expect((await open(owner, '4')).status).toBe(204);
  for (const after of ['5', '4-1']) {
    const beyond = await second.fetch(`/api/runs/${owner.runId}/events?after=${after}`);
    expect([beyond.status, await beyond.json()]).toMatchObject([400, { code: 'invalid_cursor' }]);
  }
  await expect(access(spoolOf(owner))).rejects.toThrow('ENOENT');
});

it("lists a run's items from Redis and from the archive, page by page, the incomplete ones last", async () => {
  const owner = await newRun();
  const items = async (query = '') => {
    const answer = await second.fetch(`/api/runs/${owner.runId}/items${query}`);
    return RunItemPage.parse(await answer.json());
  };
  const textsOf = ({ items: page }: RunItemPage) => page.map(({ id, type }) => `${id} ${type}`);
  expect(await items()).toEqual({ items: [], next_cursor: null });
  const log = await logs.startLog(owner, STARTED);
  const command = (id: string, output: string) =>
    ({
      id,
      type: 'command_execution',
      command: 'true',
      aggregated_output: output,
      status: 'in_progress',
    }) as const;
  await log.appendEvent('item.started', { item: command('a', '') });
  await log.appendEvent('item.started', { item: command('b', '') });
  await log.appendEvent('item.updated', { item: command('a', 'so far') });
  await log.appendEvent('item.completed', { item: { ...command('b', ''), status: 'completed' } });
  await log.appendDelta(DELTA);
  await log.appendEvent('item.completed', { item: { id: 'c', type: 'agent_message', text: 'Hello' } });
  const expected = ['b command_execution', 'c agent_message', 'a command_execution'];
  const live = await items();
  expect(textsOf(live)).toEqual(expected);
  expect(live.items[2]).toMatchObject({ aggregated_output: 'so far' });

  await logs.endLog(owner, 'run.cancelled', { reason: 'The spec says so.' });
  await archived(owner);
  expect(await items()).toEqual(live);
  const page = await items('?limit=1');
  expect(textsOf(page)).toEqual(expected.slice(0, 1));
  const rest = await items(`?limit=1&cursor=${page.next_cursor}`);
  expect([textsOf(rest), rest.next_cursor]).toEqual([expected.slice(1), null]);
  const answer = await second.fetch(`/api/runs/${owner.runId}`);
  expect(((await answer.json()) as Run).result).toMatchObject({
    final_message: 'Hello',
    files_changed: 0,
  });
  for (const [path, status] of [
    [`${owner.runId}/items?cursor=x`, 400],
    [`${randomUUID()}/items`, 404],
  ] as const)
    expect((await second.fetch(`/api/runs/${path}`)).status).toBe(status);
});

describe('the history of a run', () => {
  const request = (runId: string, query = '') => second.fetch(`/api/runs/${runId}/history${query}`);
  const read = async ({ runId }: RunLogOwner, query = '') =>
    ReadRunHistory.parse(await (await request(runId, query)).json());
  const seqs = ({ events }: ReadRunHistory) => events.map(({ seq }) => seq);

  it('comes in pages from its end, from Redis and from the archive, and continues as a stream without a gap', async () => {
    const owner = await newRun();
    expect(await read(owner)).toEqual({
      events: [],
      growing: [],
      before: null,
      last_event_id: '0',
      ended: false,
    });
    const log = await logs.startLog(owner, STARTED);
    for (let seq = 2; seq <= 250; seq += 1) {
      await log.appendEvent('error', { message: `${seq}` });
      if (seq >= 100 && seq % 50 === 0) await log.appendDelta({ ...DELTA, stream_id: `s${seq}` });
    }
    const message = { id: 'm', type: 'agent_message', text: 'Hello' } as const;
    // Replaces the oldest of the four texts.
    await log.appendEvent('item.completed', { item: message });
    await log.appendDelta({ ...DELTA, stream_id: 's250', text: 'lo' });

    const newest = await read(owner, '?limit=1');
    expect([seqs(newest), newest.before, newest.last_event_id]).toEqual([[251], 251, '251-1']);
    expect(newest.growing).toMatchObject(
      ['s150', 's200', 's250'].map((stream_id) => ({
        type: 'item.delta',
        data: { stream_id, text: stream_id === 's250' ? 'Hello' : 'Hel' },
      })),
    );
    expect((await request(owner.runId)).headers.get('cache-control')).toBe('private, no-store');
    const live = await open(owner, newest.last_event_id);
    await log.appendDelta({ ...DELTA, stream_id: 's250', text: '!' });
    await logs.endLog(owner, 'run.cancelled', { reason: 'The spec says so.' });
    expect((await live.ended()).map(({ id }) => id)).toEqual(['251-2', '252', null]);

    const pages = async () => {
      const all: ReadRunHistory[] = [];
      for (let before: number | null = 1_000; before !== null; before = all.at(-1)?.before ?? null)
        all.push(await read(owner, `?limit=100&before=${before}`));
      return all;
    };
    const inRedis = await pages();
    await archived(owner);
    expect(await pages()).toEqual(inRedis);
    expect(inRedis.map(({ before }) => before)).toEqual([153, 53, null]);
    expect(inRedis.toReversed().flatMap(seqs)).toEqual(Array.from({ length: 252 }, (_, n) => n + 1));
    expect(inRedis[0]).toMatchObject({ growing: [], last_event_id: '252', ended: true });
    expect(inRedis[1]?.last_event_id).toBe('152');
  });

  it('may be kept for ever by its reader when the run has ended, and is bounded in bytes', async () => {
    const owner = await newRun();
    const log = await logs.startLog(owner, STARTED);
    for (let n = 0; n < 12; n += 1) await log.appendEvent('error', { message: 'x'.repeat(500_000) });
    await logs.endLog(owner, 'run.succeeded', {});
    const answer = await request(owner.runId);
    const tag = answer.headers.get('etag') ?? '';
    expect(tag).toMatch(/^"/);
    expect(answer.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(answer.headers.get('vary')).toContain('Cookie');
    const page = ReadRunHistory.parse(await answer.json());
    expect([seqs(page), page.before]).toEqual([[6, 7, 8, 9, 10, 11, 12, 13, 14], 6]);
    const again = await sendRaw(`${second.url}/api/runs/${owner.runId}/history`, {
      headers: { authorization: `Bearer ${backend.ownerToken}`, 'if-none-match': tag },
    });
    expect([again.status, again.body]).toEqual([304, '']);
  });

  it.each([
    ['another run', () => randomUUID(), 404],
    ['a position that is none', (id: string) => `${id}/history?before=0`, 400],
    ['too many', (id: string) => `${id}/history?limit=2001`, 400],
  ])('is refused for %s', async (_, address, status) => {
    const { runId } = await newRun();
    const path = address(runId);
    const answer = path.includes('/') ? await second.fetch(`/api/runs/${path}`) : await request(path);
    expect(answer.status).toBe(status);
  });
});

it('serves what Redis has trimmed of a live run from its spool', async () => {
  const owner = await newRun();
  const log = await logs.startLog(owner, STARTED);
  for (let n = 0; n < 5; n += 1) await log.appendEvent('error', { message: `${n}` });
  await redis.xtrim(REDIS_KEYS.runEvents(owner.runId), 'MINID', '5-0');
  const [whole, resumed] = [await open(owner), await open(owner, '1')];
  const history = ReadRunHistory.parse(await (await second.fetch(`/api/runs/${owner.runId}/history`)).json());
  await logs.endLog(owner, 'run.succeeded', {});
  const idsOf = async (client: typeof whole) => (await client.ended()).map(({ id }) => id);
  expect(await idsOf(whole)).toEqual(['1', '2', '3', '4', '5', '6', '7', null]);
  expect(await idsOf(resumed)).toEqual(['2', '3', '4', '5', '6', '7', null]);
  expect(history.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
});

it('archives a log that Redis has lost from its spool', async () => {
  const owner = await newRun();
  const log = await logs.startLog(owner, STARTED);
  await log.appendEvent('turn.started', {});
  await Promise.all([backend.close(), second.close()]);
  await logs.endLog(owner, 'run.succeeded', {});
  await redis.flushall();
  const again = () => startBackend({ ...settings(), ...placesOf(backend) });
  [backend, second] = [await again(), await again()];
  await waitFor(async () => {
    const run = (await (await backend.fetch(`/api/runs/${owner.runId}`)).json()) as Run;
    return run.status === 'succeeded' || run.status === 'interrupted';
  });
  await archived(owner);
  const events = await (await open(owner)).ended();
  expect(events.map(({ event }) => event)).toEqual(['run.started', 'turn.started', 'run.succeeded', 'end']);
});

it('does not let unarchivable logs block the others, and archives them once it can', async () => {
  const [broken, other] = [await newRun(), await newRun()];
  const copies = Array.from({ length: 60 }, () => randomUUID());
  const unreadable = [broken.runId, ...copies].map((id) => REDIS_KEYS.runEvents(id));
  await Promise.all(unreadable.map((key) => redis.set(key, 'not a log')));
  const database = backend.app.get(DataSource);
  await database.query(`UPDATE runs SET status = 'failed', ended_at = now() WHERE id = $1`, [broken.runId]);
  const run = await database.manager.findOneByOrFail(RunEntity, { id: broken.runId });
  const rows = copies.map((id, index) => ({ ...run, id, ordinal: 2 + index }));
  await database.manager.insert(RunEntity, rows);
  await logs.startLog(other, STARTED);
  await logs.endLog(other, 'run.succeeded', {});
  await archived(other);
  expect(await redis.exists(unreadable)).toBe(unreadable.length);
  await redis.del(unreadable);
  const events = await waitFor(async () => {
    const reader = await open(broken);
    return reader.status === 200 ? reader.ended() : null;
  });
  expect(events.map(({ event }) => event)).toEqual(['run.failed', 'end']);
});

it('moves a long log without its readers noticing', async () => {
  const owner = await newRun();
  const log = await logs.startLog(owner, STARTED);
  await Promise.all(
    Array.from({ length: 2_500 }, (_, n) => log.appendEvent('error', { message: `${n} ${'x'.repeat(400)}` })),
  );
  await logs.endLog(owner, 'run.succeeded', {});
  const readers = await Promise.all(['0', '1000', '2000', '2501'].map((after) => open(owner, after)));
  await archived(owner);
  readers.push(await open(owner), await open(owner, '1234'));
  const ids = await Promise.all(
    readers.map(async (reader) => (await reader.ended()).flatMap(({ id }) => id ?? [])),
  );
  const from = (after: number) => Array.from({ length: 2_502 - after }, (_, n) => `${after + n + 1}`);
  expect(ids).toEqual([0, 1000, 2000, 2501, 0, 1234].map(from));
});
