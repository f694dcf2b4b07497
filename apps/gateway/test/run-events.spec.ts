import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { RunLogHub, serveRunEvents } from '@saas-codex/event-log/run-log/run-log.hub';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { openSse, type SseClient } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { Config } from '../src/config.js';
import { startGateway } from '../src/gateway.js';
import { Permissions } from '../src/run-events/permissions.js';
import { startFakeBackend, type FakeBackend } from '@saas-codex/testing/gateway/gateway';

// Many readers of few runs, with real logs. The fake backend uses the real hub and checks who may see which run.

/** The runs that each credential may see. */
const allowed = new Map<string, Set<string>>();
let redisServer: TestRedis;
let redis: Redis;
let hub: RunLogHub;
let backend: FakeBackend;
let app: Awaited<ReturnType<typeof startGateway>>;
let url: string;
/** Requests that the backend got: `GET <run> <credential> <after>`. */
let asked: string[];
let answers: Set<ServerResponse>;

beforeAll(async () => {
  redisServer = await startRedis();
  redis = new Redis(redisServer.url);
  hub = new RunLogHub(redis);
  backend = await startFakeBackend((req, res) => void serve(req, res));
  app = await startGateway(
    Config.parse({
      PORT: '0',
      LOG_LEVEL: 'silent',
      PUBLIC_URL: 'http://codex.example',
      BACKEND_URL: backend.url,
      REDIS_URL: redisServer.url,
      RATE_LIMIT_PER_MINUTE: '1000000',
    }),
  );
  url = await app.getUrl();
});
afterAll(async () => {
  await app.close();
  await hub.close();
  await backend.stop();
  redis.disconnect();
  await redisServer.stop();
});
beforeEach(() => {
  allowed.clear();
  asked = [];
  answers = new Set();
});

async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(req.url ?? '', backend.url);
  const runId = pathname.split('/')[3] ?? '';
  const credential = String(req.headers.authorization);
  const after = req.headers['last-event-id'] ?? searchParams.get('after') ?? '';
  asked.push(`${req.method} ${runId} ${credential} ${String(after)}`.trim());
  if (!allowed.get(credential)?.has(runId)) return void res.writeHead(404).end('no such run');
  res.setHeader('set-cookie', 'session=prolonged');
  if (req.method === 'GET') answers.add(res.once('close', () => answers.delete(res)));
  await serveRunEvents(hub, req, res, runId).catch((error: ProblemError) =>
    res.writeHead(400).end(error.message),
  );
}

function newRun(...credentials: string[]): string {
  const runId = randomUUID();
  for (const credential of credentials)
    allowed.set(credential, new Set([...(allowed.get(credential) ?? []), runId]));
  return runId;
}

/** Appends durable events, some followed by deltas. @returns the ids that a reader must see */
async function write(runId: string, from: number, count: number, bytes = 20): Promise<string[]> {
  const ids: string[] = [];
  const pipeline = redis.pipeline();
  for (let seq = from; seq < from + count; seq++) {
    for (const delta of seq % 3 === 0 ? [0, 1, 2] : [0]) {
      const event = JSON.stringify({ seq, delta, text: 'x'.repeat(bytes) });
      pipeline.xadd(REDIS_KEYS.runEvents(runId), `${seq}-${delta}`, 'type', 'item.updated', 'event', event);
      ids.push(delta === 0 ? `${seq}` : `${seq}-${delta}`);
    }
  }
  await pipeline.exec();
  return ids;
}

async function end(runId: string, seq: number): Promise<string> {
  await redis.xadd(REDIS_KEYS.runEvents(runId), `${seq}-0`, 'type', 'run.succeeded', 'event', '{}');
  return `${seq}`;
}

const watch = (runId: string, credential: string, after = '', paused = false): Promise<SseClient> =>
  openSse(`${url}/api/runs/${runId}/events`, {
    headers: { authorization: credential, ...(after && { 'last-event-id': after }) },
    paused,
  });

/** Number of client connections at the gateway. */
const connections = () =>
  new Promise<number>((resolve, reject) =>
    app
      .getHttpServer()
      .getConnections((error: Error | null, count: number) => (error ? reject(error) : resolve(count))),
  );
const idsOf = ({ events }: SseClient) => events.flatMap(({ id }) => id ?? []);
const gets = () => asked.filter((line) => line.startsWith('GET'));

it('reads a run once for all its clients, and checks the permission of each client', async () => {
  const runId = newRun('ann', 'bob');
  const ids = await write(runId, 1, 10);
  const clients = await Promise.all(
    Array.from({ length: 20 }, (_, index) => watch(runId, index % 2 ? 'ann' : 'bob')),
  );
  ids.push(...(await write(runId, 11, 10)), await end(runId, 21));
  for (const client of clients) {
    await client.ended();
    expect(idsOf(client)).toEqual(ids);
    expect(client.events.at(-1)).toMatchObject({ event: 'end' });
    expect(client.headers['set-cookie']).toEqual(['session=prolonged']);
    expect(client.headers['x-frame-options']).toBe('DENY');
  }
  expect(gets()).toHaveLength(1);
  expect(asked.filter((line) => line === `HEAD ${runId} ann`)).toHaveLength(10);
});

it('checks the permissions of successive clients on one kept-alive connection', async () => {
  const runId = newRun('ann');
  const ids = await write(runId, 1, 3);
  let opened = 0;
  const count = () => (opened += 1);
  backend.server.on('connection', count);
  for (let n = 0; n < 10; n++) {
    const client = await watch(runId, 'ann');
    await client.until(() => idsOf(client).length === ids.length);
    client.close();
  }
  backend.server.off('connection', count);
  // One for the checks, and one for the events.
  expect(opened).toBeLessThanOrEqual(2);
});

it('gives each client the whole log, over any number of connections and wherever they break', async () => {
  const runId = newRun('ann');
  const ids = await write(runId, 1, 30);
  const got: string[] = [];
  for (let round = 1; got.length < 60; round++) {
    const client = await watch(runId, 'ann', got.at(-1));
    const wanted = 1 + ((round * 7) % 13);
    if (got.length + wanted > ids.length) ids.push(...(await write(runId, round * 100, 12)));
    await client.until(() => idsOf(client).length >= wanted);
    client.close();
    got.push(...idsOf(client).slice(0, wanted));
  }
  expect(got).toEqual(ids.slice(0, got.length));
});

it('resumes a broken stream of the backend after the last event, without the clients noticing', async () => {
  const runId = newRun('ann');
  const ids = await write(runId, 1, 9);
  const client = await watch(runId, 'ann');
  await client.until(() => idsOf(client).length === ids.length);
  for (const answer of answers) answer.destroy();
  await waitFor(() => gets().length === 2);
  expect(gets()[1]).toBe(`GET ${runId} ann 9-2`);
  ids.push(...(await write(runId, 10, 5)), await end(runId, 15));
  await client.ended();
  expect(idsOf(client)).toEqual(ids);
});

it('disconnects its clients when the backend refuses to resume, and they get the reason when they reconnect', async () => {
  const runId = newRun('ann', 'bob');
  await write(runId, 1, 3);
  const clients = [await watch(runId, 'ann'), await watch(runId, 'bob')];
  allowed.get('ann')?.clear();
  for (const answer of answers) answer.destroy();
  for (const client of clients) await client.ended();
  expect((await watch(runId, 'ann', '1')).status).toBe(404);
  const again = await watch(runId, 'bob', '1');
  await again.until(() => idsOf(again).length === 4);
  expect(idsOf(again)).toEqual(['2', '3', '3-1', '3-2']);
  again.close();
});

it('shows a run only to clients that the backend permits, even while others watch it', async () => {
  const runId = newRun('ann');
  await write(runId, 1, 3);
  const client = await watch(runId, 'ann');
  const stranger = await watch(runId, 'eve');
  await stranger.ended();
  expect([stranger.status, stranger.body()]).toEqual([404, 'no such run']);
  expect((await watch(runId, 'ann', '99')).status).toBe(400);
  client.close();
});

it('ends the streams of a revoked credential, and no others', async () => {
  const runId = newRun('ann', 'bob');
  const [ann, again, bob] = [await watch(runId, 'ann'), await watch(runId, 'ann'), await watch(runId, 'bob')];
  allowed.get('ann')?.clear();
  const permissions = app.get(Permissions);
  // One tick per second.
  for (let second = 0; second < 4; second++) permissions.tick();
  await Promise.all([ann.ended(), again.ended()]);
  const ids = await write(runId, 1, 2);
  await bob.until(() => idsOf(bob).length === ids.length);
  bob.close();
});

it('disconnects a client that stops reading, while the others get everything', async () => {
  const runId = newRun('ann');
  const stalled = await watch(runId, 'ann', '', true);
  const reading = await watch(runId, 'ann');
  const ids: string[] = [];
  for (let from = 1; from < 1_200; from += 100) {
    ids.push(...(await write(runId, from, 100, 10_000)));
    await reading.until(() => idsOf(reading).length === ids.length);
  }
  // The stalled client itself would notice only if it read on.
  await waitFor(async () => (await connections()) === 1, { timeoutMs: 10_000 });
  expect(idsOf(reading)).toEqual(ids);
  reading.close();
  stalled.close();
}, 30_000);

it('reads events from before its window from the backend', async () => {
  const runId = newRun('ann');
  const ids = await write(runId, 1, 500, 10_000);
  ids.push(await end(runId, 501));
  const first = await watch(runId, 'ann');
  await first.ended();
  const second = await watch(runId, 'ann', '7');
  await second.ended();
  expect(idsOf(first)).toEqual(ids);
  expect(idsOf(second)).toEqual(ids.slice(ids.indexOf('7') + 1));
});
