import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Me } from '@saas-codex/contracts/identity';
import { ACTIVITY_CHANNEL, REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { connectRedis } from '@saas-codex/service-kit/redis';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { Redis } from 'ioredis';
import { RunnerClient, RunnerRefused, RunnerUnavailable } from '../src/runner-client/runner-client.js';

/* This backend with a newer runner, whose answers, logs and activities contain more than this backend knows. */

/** What the runner answers; a test may change it. */
type Answers = Record<string, { status: number; body: object }>;
const AS_EXPECTED: Answers = {
  'POST /threads': { status: 201, body: { threadId: randomUUID(), engine: 'app-server' } },
  'POST /runs': { status: 202, body: { runId: randomUUID(), position: 1 } },
  GET: { status: 200, body: { held: true, since: 'now' } },
};

let runner: Server;
let answers: Answers;
let asked: string[];
let backend: TestBackend;
let redis: Redis;
let tenantId: string;

beforeAll(async () => {
  runner = createServer((req, res) => {
    const call = `${req.method} ${req.url}`;
    asked.push(call);
    const { status, body } = answers[call] ?? answers[req.method ?? ''] ?? { status: 202, body: {} };
    req.resume().on('end', () => res.writeHead(status).end(JSON.stringify(body)));
  });
  runner.listen(0, '127.0.0.1');
  await once(runner, 'listening');
  const { port } = runner.address() as AddressInfo;
  backend = await startBackend({ RUNNER_URL: `http://127.0.0.1:${port}` });
  redis = connectRedis(backend.config.REDIS_URL);
  tenantId = ((await (await backend.fetch('/api/me')).json()) as Me).tenant.tenant_id;
});
beforeEach(() => {
  answers = { ...AS_EXPECTED };
  asked = [];
});
afterAll(async () => {
  redis.disconnect();
  await backend.stop();
  runner.close().closeAllConnections();
});

const asOwner = () => ({ authorization: `Bearer ${backend.ownerToken}` });

async function queueRun(): Promise<Run> {
  const created = await backend.post('/api/sessions', {}, { prefer: 'respond-async' });
  const { session_id } = (await created.json()) as Session;
  return (await (await backend.post(`/api/sessions/${session_id}/prompt`, { prompt: 'Hi' })).json()) as Run;
}
const readRun = async (id: string) => (await (await backend.fetch(`/api/runs/${id}`)).json()) as Run;

/** Writes a log as the newer runner does, and announces it. */
async function writeLog(run: Run, events: { type: string; data: object }[]): Promise<void> {
  const ids = { run_id: run.run_id, session_id: run.session_id, tenant_id: tenantId };
  for (const [index, { type, data }] of events.entries()) {
    const seq = index + 1;
    const event = { v: 1, ...ids, seq, at: new Date().toISOString(), type, data, region: 'eu' };
    const fields = ['type', type, 'event', JSON.stringify(event), 'writer', 'newer', 'shard', '7'];
    await redis.xadd(REDIS_KEYS.runEvents(run.run_id), `${seq}-0`, ...fields);
  }
  const status = { v: 1, ...ids, at: new Date().toISOString(), type: 'run.status', status: 'paused' };
  await redis.publish(
    ACTIVITY_CHANNEL,
    JSON.stringify({ ...status, error: null, usage: null, queue: 'fast' }),
  );
}

it('serves, settles and archives a log with event types, items and fields that it does not know', async () => {
  const run = await queueRun();
  const item = { id: 'item_0', type: 'image_generation', pixels: 5 };
  await writeLog(run, [
    { type: 'run.started', data: { kind: 'review', prompt: { text: 'Hi' }, engine: 'app-server' } },
    { type: 'approval.requested', data: { question: 'May I?' } },
    { type: 'item.completed', data: { item, took_ms: 5 } },
    { type: 'run.failed', data: { reason: 'The newer runner says so.', usage: { tokens: 'many' } } },
  ]);
  const ended = await waitFor(async () => {
    const now = await readRun(run.run_id);
    return now.status === 'failed' ? now : null;
  });
  expect(ended).toMatchObject({ error: 'The newer runner says so.', usage: null });

  const read = async () =>
    (
      await (await openSse(`${backend.url}/api/runs/${run.run_id}/events`, { headers: asOwner() })).ended()
    ).map(({ id, event, data }) => ({ id, event, data: JSON.parse(data) }));
  const live = await read();
  expect(live.map(({ event }) => event)).toEqual([
    'run.started',
    'approval.requested',
    'item.completed',
    'run.failed',
    'end',
  ]);
  expect(live[2]?.data).toMatchObject({ data: { item, took_ms: 5 }, region: 'eu' });
  // -1: the stream does not expire, since the log is not archived yet.
  await waitFor(async () => (await redis.ttl(REDIS_KEYS.runEvents(run.run_id))) >= 0);
  await redis.del(REDIS_KEYS.runEvents(run.run_id));
  expect(await read()).toEqual(live);
});

it('passes on activities of unknown types, and continues after messages that it cannot read', async () => {
  const client = await openSse(`${backend.url}/api/events`, { headers: asOwner() });
  const activity = JSON.stringify({ v: 1, tenant_id: tenantId, type: 'budget.spent', percent: 80 });
  for (const message of [activity, 'no json', '{}']) await redis.publish(ACTIVITY_CHANNEL, message);
  await redis.xadd(REDIS_KEYS.activity(tenantId), '*', 'type', 'budget.spent', 'event', activity);
  await client.until((events) => events.some(({ event }) => event === 'budget.spent'));
  expect(client.events.find(({ event }) => event === 'budget.spent')?.data).toBe(activity);
  client.close();

  const run = await queueRun();
  await writeLog(run, [{ type: 'run.cancelled', data: { reason: 'Cancelled.' } }]);
  await waitFor(async () => (await readRun(run.run_id)).status === 'cancelled');
});

it('treats a refusal with an unknown code as final: the run fails with the runner’s message, and is not tried again', async () => {
  const refusal = {
    type: 'about:blank',
    title: 'Spent',
    status: 402,
    code: 'budget_spent',
    detail: 'Wait a day.',
  };
  answers['POST /runs'] = { status: 402, body: { ...refusal, errors: 'of a new shape' } };
  const run = await queueRun();
  const ended = await waitFor(async () => {
    const now = await readRun(run.run_id);
    return now.ended_at !== null ? now : null;
  });
  expect(ended).toMatchObject({ status: 'failed', error: 'Wait a day.' });
  expect(asked.filter((call) => call === 'POST /runs')).toHaveLength(1);

  const client = backend.app.get(RunnerClient, { strict: false });
  const start = () =>
    client.startRun({ runId: randomUUID(), threadId: randomUUID(), input: { kind: 'prompt', prompt: 'Hi' } });
  const refused = await start().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(RunnerRefused);
  expect(refused).toMatchObject({ code: 'budget_spent', detail: 'Wait a day.', status: 402 });
  // These statuses do not reject the request, so it may be sent again.
  for (const status of [401, 429, 503]) {
    answers['POST /runs'] = { status, body: refusal };
    await expect(start()).rejects.toBeInstanceOf(RunnerUnavailable);
  }
});

it('fails a session with the runner’s message when it refuses the thread with an unknown code', async () => {
  const body = {
    type: 'about:blank',
    title: 'Spent',
    status: 402,
    code: 'budget_spent',
    detail: 'Wait a day.',
  };
  answers['POST /threads'] = { status: 402, body };
  const created = await backend.post('/api/sessions', {}, { prefer: 'respond-async' });
  const { session_id } = (await created.json()) as Session;
  const failed = await waitFor(async () => {
    const session = (await (await backend.fetch(`/api/sessions/${session_id}`)).json()) as Session;
    return session.status === 'failed' ? session : null;
  });
  expect(failed.failure).toMatchObject({ code: 'internal_error', detail: 'Wait a day.' });
});

it('passes on what a newer runner reports about itself', async () => {
  const system = {
    engine: 'app-server',
    codex_version: '9',
    model_source: 'azure',
    default_model: null,
    isolation: 'microvm',
    isolation_reason: 'It works here.',
    limits: 'hypervisor',
    limits_reason: 'It holds.',
    max_concurrent_runs: 5,
  };
  answers['GET /system'] = { status: 200, body: { ...system, gpus: 2 } };
  expect(await (await backend.fetch('/api/system')).json()).toMatchObject(system);
});
