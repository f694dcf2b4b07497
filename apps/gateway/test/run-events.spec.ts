import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HEADERS } from '@saas-codex/contracts/http';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { ActivityHub, ownActivityView, serveActivity } from '@saas-codex/event-log/activity/activity.hub';
import { publishActivity } from '@saas-codex/event-log/activity/activity-stream';
import { RunLogHub, serveRunEvents } from '@saas-codex/event-log/run-log/run-log.hub';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { type ChainableCommander, Redis } from 'ioredis';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { openSse, type SseClient } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { Config } from '../src/config.js';
import { startGateway } from '../src/gateway.js';
import { Permissions } from '../src/run-events/permissions.js';
import { startFakeBackend, startTestGateway, type FakeBackend } from '@saas-codex/testing/gateway/gateway';

// Many readers of few runs, with real logs. The fake backend uses the real hub and checks who may see which run.

/** The runs that each credential may see. */
const allowed = new Map<string, Set<string>>();
const NO_SUCH_RUN = JSON.stringify(new ProblemError('run_not_found', 'There is no such run.').toDocument({}));
/** Runs whose streams break in place of the `end` event. */
const withholdEnd = new Set<string>();
/** Runs for which the backend does not answer. */
const broken = new Set<string>();
let redisServer: TestRedis;
let redis: Redis;
let hub: RunLogHub;
let activities: ActivityHub;
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
  activities = new ActivityHub(redis, async (_, ids) => new Map(ids.map((id) => [id, null])));
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
  hub.close();
  activities.close();
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
  if (pathname === '/api/events') return serveActivities(req, res);
  const runId = pathname.split('/')[3] ?? '';
  const credential = String(req.headers.authorization);
  const after = req.headers['last-event-id'] ?? searchParams.get('after') ?? '';
  asked.push(`${req.method} ${runId} ${credential} ${String(after)}`.trim());
  if (broken.has(runId)) return void res.destroy();
  if (!allowed.has(credential)) return void res.writeHead(401).end();
  if (!allowed.get(credential)?.has(runId)) return void res.writeHead(404).end(NO_SUCH_RUN);
  res.setHeader('set-cookie', 'session=prolonged');
  res.setHeader(HEADERS.tenantId, credential);
  if (req.method === 'GET') answers.add(res.once('close', () => answers.delete(res)));
  if (req.method === 'GET' && withholdEnd.delete(runId)) res.end = () => res.destroy();
  await serveRunEvents(hub, req, res, runId).catch((error: ProblemError) =>
    res.writeHead(400).end(error.message),
  );
}

/** The activities of the tenant that has the credential's name; a credential without runs is not known. */
async function serveActivities(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const tenant = String(req.headers.authorization);
  asked.push(`${req.method} activities ${tenant}`);
  if (!allowed.has(tenant)) return void res.writeHead(401).end();
  res.setHeader(HEADERS.tenantId, tenant);
  if (req.method === 'GET') answers.add(res.once('close', () => answers.delete(res)));
  await serveActivity(activities, req, res, tenant, ownActivityView(tenant));
}

function newRun(...credentials: string[]): string {
  const runId = randomUUID();
  for (const credential of credentials)
    allowed.set(credential, new Set([...(allowed.get(credential) ?? []), runId]));
  return runId;
}

const lastIds = new Map<string, string>();

/** Appends an entry and publishes it, as the product's scripts do. */
function append(
  pipeline: ChainableCommander,
  runId: string,
  id: string,
  { type, event }: { type: string; event: string },
): void {
  const key = REDIS_KEYS.runEvents(runId);
  pipeline.xadd(key, id, 'type', type, 'event', event);
  pipeline.publish(key, `${lastIds.get(runId) ?? '0-0'} ${id} ${type} ${event}`);
  lastIds.set(runId, id);
}

/** Appends durable events, some followed by deltas. @returns the ids that a reader must see */
async function write(runId: string, from: number, count: number, bytes = 20): Promise<string[]> {
  const ids: string[] = [];
  const pipeline = redis.pipeline();
  for (let seq = from; seq < from + count; seq++) {
    for (const delta of seq % 3 === 0 ? [0, 1, 2] : [0]) {
      const event = JSON.stringify({ run_id: runId, seq, delta, text: 'x'.repeat(bytes) });
      append(pipeline, runId, `${seq}-${delta}`, { type: 'item.updated', event });
      ids.push(delta === 0 ? `${seq}` : `${seq}-${delta}`);
    }
  }
  await pipeline.exec();
  return ids;
}

async function end(runId: string, seq: number): Promise<string> {
  const pipeline = redis.pipeline();
  append(pipeline, runId, `${seq}-0`, { type: 'run.succeeded', event: JSON.stringify({ run_id: runId }) });
  await pipeline.exec();
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
  // Each client is checked once: the first one by the GET, which it shares with the others.
  expect(gets()).toHaveLength(1);
  for (const credential of ['ann', 'bob'])
    expect(asked.filter((line) => line.includes(`${runId} ${credential}`))).toHaveLength(10);
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

it('ends the streams of a log whose last event came just before the stream of the backend broke', async () => {
  const runId = newRun('ann');
  const ids = await write(runId, 1, 3);
  withholdEnd.add(runId);
  const client = await watch(runId, 'ann');
  ids.push(await end(runId, 4));
  await client.ended();
  expect([idsOf(client), client.events.at(-1)?.event]).toEqual([ids, 'end']);
  const again = await watch(runId, 'ann', '4');
  expect(again.status).toBe(204);
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
  newRun('eve');
  const client = await watch(runId, 'ann');
  const stranger = await watch(runId, 'eve');
  await stranger.ended();
  expect([stranger.status, stranger.body()]).toEqual([404, NO_SUCH_RUN]);
  expect((await watch(runId, 'ann', '99')).status).toBe(400);
  client.close();
});

it('ends the streams of a revoked credential, and no others', async () => {
  const runId = newRun('ann', 'bob');
  const [ann, again, bob] = [await watch(runId, 'ann'), await watch(runId, 'ann'), await watch(runId, 'bob')];
  allowed.delete('ann');
  const permissions = app.get(Permissions);
  // One tick per second.
  for (let second = 0; second < 4; second++) permissions.tick();
  await Promise.all([ann.ended(), again.ended()]);
  const ids = await write(runId, 1, 2);
  await bob.until(() => idsOf(bob).length === ids.length);
  bob.close();
});

it('checks the streams of one credential in turn, all of them at once when it is refused', async () => {
  const runs = Array.from({ length: 5 }, () => newRun('ann'));
  const clients = await Promise.all(runs.map((runId) => watch(runId, 'ann')));
  const heads = () => asked.filter((line) => line.startsWith('HEAD'));
  const permissions = app.get(Permissions);
  const round = async () => {
    const before = heads().length;
    for (let second = 0; second < 3; second++) permissions.tick();
    await waitFor(() => heads().length > before);
  };
  asked = [];
  for (let n = 0; n < 5; n++) await round();
  expect(new Set(heads())).toEqual(new Set(runs.map((runId) => `HEAD ${runId} ann`)));
  expect(heads()).toHaveLength(5);
  // One of the runs is gone.
  allowed.get('ann')?.delete(runs[0] ?? '');
  while (!clients[0]?.closed()) await round();
  expect(clients.slice(1).map((client) => client.closed())).toEqual([false, false, false, false]);
  allowed.delete('ann');
  await round();
  await Promise.all(clients.map((client) => client.ended()));
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
  await waitFor(async () => (await connections()) === 1);
  expect(idsOf(reading)).toEqual(ids);
  reading.close();
  stalled.close();
});

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

describe('several runs in one stream', () => {
  const watchRuns = (list: string, credential: string, paused = false) =>
    openSse(`${url}/api/events?runs=${list}`, { headers: { authorization: credential }, paused });
  const idsOfRun = ({ events }: SseClient, runId: string) =>
    events.flatMap(({ event, data }) => {
      const frame = JSON.parse(data) as { id: string; event: { run_id: string } };
      return event === 'run' && frame.event.run_id === runId ? frame.id.replace(/-0$/, '') : [];
    });
  const saw = ({ events }: SseClient, event: string, text: string) =>
    events.some((each) => each.event === event && each.data.includes(text));
  const deleted = (tenant: string, session_id: string) =>
    publishActivity(redis, {
      v: 1,
      type: 'session.deleted',
      tenant_id: tenant,
      session_id,
      at: new Date().toISOString(),
    });

  it('shares the stream of each run with all other clients of it', async () => {
    const [one, two] = [newRun('ann'), newRun('ann', 'bob')];
    const ids = { [one]: await write(one, 1, 10), [two]: await write(two, 1, 10) };
    const alone = await watch(two, 'bob');
    const clients = [await watchRuns(`${one},${two}`, 'ann'), await watchRuns(`${one},${two}@4-0`, 'ann')];
    ids[one]?.push(...(await write(one, 11, 5)), await end(one, 16));
    ids[two]?.push(...(await write(two, 11, 5)));
    const session = randomUUID();
    await deleted('ann', session);
    await deleted('bob', randomUUID());
    for (const client of clients) {
      await waitFor(() => saw(client, 'run.end', one) && saw(client, 'session.deleted', session));
      await waitFor(() => idsOfRun(client, two).at(-1) === ids[two]?.at(-1));
      expect(idsOfRun(client, one)).toEqual(ids[one]);
      expect(client.events.filter(({ id }) => id !== null)).toHaveLength(1);
      client.close();
    }
    expect(clients.map((client) => idsOfRun(client, two))).toEqual([
      ids[two],
      ids[two]?.slice(ids[two].indexOf('5')),
    ]);
    await alone.until(() => idsOf(alone).length === ids[two]?.length);
    alone.close();
    expect(gets().filter((line) => !line.includes('activities'))).toHaveLength(2);
  });

  it('has no run that the backend refuses to this client', async () => {
    const [own, foreign] = [newRun('ann'), newRun('bob')];
    const ids = await write(own, 1, 3);
    await write(foreign, 1, 3);
    const bob = await watch(foreign, 'bob');
    const client = await watchRuns(`${foreign},${own}`, 'ann');
    await waitFor(() => idsOfRun(client, own).length === ids.length && saw(client, 'run.error', foreign));
    expect(client.events.find(({ event }) => event === 'run.error')?.data).toContain('run_not_found');
    expect(idsOfRun(client, foreign)).toEqual([]);
    expect((await watchRuns(own, 'eve')).status).toBe(401);
    bob.close();
    client.close();
  });

  it('breaks when its activities break, or the backend does not answer for a run', async () => {
    const runId = newRun('ann');
    await write(runId, 1, 3);
    const client = await watchRuns(runId, 'ann');
    for (const answer of answers) answer.destroy();
    await client.ended();
    const failing = randomUUID();
    allowed.get('ann')?.add(failing);
    broken.add(failing);
    await (await watchRuns(failing, 'ann')).ended();
  });

  it('disconnects a client that stops reading', async () => {
    const runId = newRun('ann');
    const stalled = await watchRuns(runId, 'ann', true);
    for (let from = 1; from < 1_200; from += 100) await write(runId, from, 100, 10_000);
    await waitFor(async () => (await connections()) === 0);
    stalled.close();
  });

  it('ends when the credential is revoked', async () => {
    const runId = newRun('ann');
    const client = await watchRuns(runId, 'ann');
    allowed.delete('ann');
    const permissions = app.get(Permissions);
    for (let second = 0; second < 4; second++) permissions.tick();
    await client.ended();
  });
});

it('limits the open streams of one tenant, of whatever kind, and gives a place back as soon as a client is gone', async () => {
  const settings = { BACKEND_URL: backend.url, REDIS_URL: redisServer.url, MAX_STREAMS_PER_TENANT: '3' };
  const limited = await startTestGateway(settings);
  const runId = newRun('ann', 'bob');
  await write(runId, 1, 3);
  const open = (path: string, credential: string) =>
    openSse(`${limited.url}${path}`, { headers: { authorization: credential } });
  const paths = [`/api/runs/${runId}/events`, `/api/events?runs=${runId}`, '/api/events'];
  const [first, second] = await Promise.all(paths.map((path) => open(path, 'ann')));
  for (const path of paths) {
    const refused = await open(path, 'ann');
    await refused.ended();
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '10']);
    expect(JSON.parse(refused.body())).toMatchObject({
      code: 'too_many_streams',
      detail: expect.stringContaining('MAX_STREAMS_PER_TENANT'),
    });
  }
  const bob = await open(paths[0] ?? '', 'bob');
  await bob.until(({ length }) => length > 0);
  expect(bob.headers[HEADERS.tenantId]).toBeUndefined();

  first?.response.socket.resetAndDestroy();
  second?.close();
  const again = await waitFor(async () => {
    const pair = [await open(paths[0] ?? '', 'ann'), await open(paths[2] ?? '', 'ann')];
    if (pair.every(({ status }) => status === 200)) return pair;
    for (const client of pair) client.close();
    return null;
  });
  expect((await open(paths[1] ?? '', 'ann')).status).toBe(429);
  for (const client of [...again, bob]) client.close();
  await limited.stop();
});
