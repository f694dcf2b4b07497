import { randomUUID } from 'node:crypto';
import { connectRedis } from '@saas-codex/service-kit/redis';
import type { RunLogOwner } from '@saas-codex/event-log/run-log/run-log-entry';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Me } from '@saas-codex/contracts/identity';
import type { Problem } from '@saas-codex/contracts/problems';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import type { Redis } from 'ioredis';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { startSilentRunner } from '@saas-codex/testing/backend/silent-runner';
import { systemContext } from '../src/identity/request-context.js';
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
