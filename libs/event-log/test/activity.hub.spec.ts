import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SessionProgressActivity } from '@saas-codex/contracts/activity';
import { ACTIVITY_MAX_LENGTH, REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { ProblemError } from '@saas-codex/service-kit/problem';
import { connectRedis } from '@saas-codex/service-kit/redis';
import { ActivityHub, ownActivityView, serveActivity } from '../src/activity/activity.hub.js';
import { publishActivity } from '../src/activity/activity-stream.js';
import { ActivityServer } from '../src/activity/activity.server.js';

let server: TestRedis;
let redis: Redis;
let hub: ActivityHub;
let http: Server;
/** Sessions that are private, and to whom. */
const privateTo = new Map<string, string>();

beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis(server.url);
  hub = new ActivityHub(redis, async (_, ids) => new Map(ids.map((id) => [id, privateTo.get(id) ?? null])));
  http = createServer((req, res) => {
    const readerId = String(req.headers['x-reader']);
    serveActivity(hub, req, res, req.url?.split(/[/?]/)[1] ?? '', ownActivityView(readerId)).catch(
      (error: ProblemError) => res.writeHead(error.status).end(error.code),
    );
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  hub.close();
  await new Promise((resolve) => http.close(resolve));
  redis.disconnect();
  await server.stop();
});

const urlOf = (tenant: string) => `http://127.0.0.1:${(http.address() as AddressInfo).port}/${tenant}`;

const progress = (tenant_id: string, percent: number): SessionProgressActivity => ({
  v: 1,
  type: 'session.progress',
  tenant_id,
  session_id: randomUUID(),
  at: new Date().toISOString(),
  status: 'provisioning',
  phase: 'fetching',
  percent,
});

const percents = (events: { data: string }[]) => events.map(({ data }) => JSON.parse(data).percent);

it("sends each tenant its own activities, from now on or after the client's last one", async () => {
  await publishActivity(redis, progress('a', 1));
  const [a, b] = await Promise.all([openSse(urlOf('a')), openSse(urlOf('b'))]);
  const mistakes = ['not json', JSON.stringify(progress('b', 99))];
  for (const event of mistakes) {
    await redis.xadd(REDIS_KEYS.activity('a'), '*', 'type', 'session.progress', 'event', event);
  }
  for (const percent of [2, 3, 4]) {
    await publishActivity(redis, progress('a', percent));
    await publishActivity(redis, progress('b', percent * 10));
  }
  await a.until((events) => events.length === 3);
  await b.until((events) => events.length === 3);
  expect(percents(a.events)).toEqual([2, 3, 4]);
  expect(percents(b.events)).toEqual([20, 30, 40]);
  expect(a.events[0]).toMatchObject({ event: 'session.progress', id: expect.stringMatching(/^\d{13}-\d+$/) });

  const lastEventId = a.events[0]?.id ?? '';
  const again = await openSse(urlOf('a'), { headers: { 'last-event-id': lastEventId } });
  await again.until((events) => events.length === 2);
  const whole = await openSse(`${urlOf('a')}?after=0`);
  await whole.until((events) => events.length === 4);
  expect(percents(again.events)).toEqual([3, 4]);
  expect(percents(whole.events)).toEqual([1, 2, 3, 4]);
});

it('repeats nothing to a client that received more from another process, and refuses a cursor from the future', async () => {
  const entry = (ms: number, percent: number) =>
    redis.xadd(
      REDIS_KEYS.activity('d'),
      `${ms}-0`,
      'type',
      'session.progress',
      'event',
      JSON.stringify(progress('d', percent)),
    );
  await publishActivity(redis, progress('d', 0));
  const soon = Date.now() + 1_000;
  const client = await openSse(urlOf('d'), { headers: { 'last-event-id': `${soon}-0` } });
  for (const percent of [1, 2, 3]) await entry(soon - 2 + percent, percent);
  await client.until((events) => events.length === 1);
  expect(percents(client.events)).toEqual([3]);

  const future = await openSse(`${urlOf('d')}?after=${Date.now() + 120_000}`);
  await future.ended();
  expect([future.status, future.body()]).toEqual([400, 'invalid_cursor']);
});

it('tells a client of activities that may be gone, before those that follow', async () => {
  await publishActivity(redis, progress('t', 1));
  await publishActivity(redis, progress('t', 2));
  const [[first] = [''], [second] = ['']] = await redis.xrange(REDIS_KEYS.activity('t'), '-', '+');
  const received = async (after: string, count: number) => {
    const client = await openSse(`${urlOf('t')}?after=${after}`);
    await client.until((events) => events.length === count);
    client.close();
    return client.events.map(({ id, event }) => id ?? event);
  };
  expect(await received(first, 1)).toEqual([second]);
  await redis.xtrim(REDIS_KEYS.activity('t'), 'MAXLEN', 1);
  expect(await received(first, 2)).toEqual(['resync', second]);
  expect(await received('0', 1)).toEqual([second]);
  await redis.del(REDIS_KEYS.activity('t'));
  expect(await received(second, 1)).toEqual(['resync']);
});

it("keeps a tenant's activities for a resume, regardless of how many another tenant has", async () => {
  await publishActivity(redis, progress('quiet', 1));
  const [[first] = ['']] = await redis.xrange(REDIS_KEYS.activity('quiet'), '-', '+');
  await publishActivity(redis, progress('quiet', 2));
  const loud = Array.from({ length: ACTIVITY_MAX_LENGTH + 500 }, (_, n) => progress('loud', n % 100));
  await Promise.all(loud.map((activity) => publishActivity(redis, activity)));
  expect(await redis.xlen(REDIS_KEYS.activity('loud'))).toBeLessThan(ACTIVITY_MAX_LENGTH + 200);
  const client = await openSse(urlOf('quiet'), { headers: { 'last-event-id': first } });
  await client.until((events) => events.length === 1);
  expect(percents(client.events)).toEqual([2]);
});

it('continues after Redis has lost everything', async () => {
  const client = await openSse(urlOf('e'));
  await publishActivity(redis, progress('e', 1));
  await client.until((events) => events.length === 1);
  await redis.flushall();
  await publishActivity(redis, progress('e', 2));
  await client.until((events) => events.length === 2);
  expect(percents(client.events)).toEqual([1, 2]);
});

it('passes the activities of every tenant to the handler of their type, even after a restart of Redis', async () => {
  const heard: string[] = [];
  const transport = new ActivityServer(redis);
  const handle = async ({ tenant_id: tenant }: SessionProgressActivity) => heard.push(tenant);
  transport.addHandler('session.progress', handle, true);
  transport.listen(() => undefined);
  const isHeard = (tenant: string) => async () => {
    await publishActivity(redis, progress(tenant, 1));
    return heard.includes(tenant);
  };
  await waitFor(isHeard('f'));
  await waitFor(isHeard('g'));
  await server.restart();
  await waitFor(isHeard('h'));
  transport.close();
});

it('continues after a restart of Redis', async () => {
  const client = await openSse(urlOf('c'));
  await publishActivity(redis, progress('c', 1));
  await client.until((events) => events.length === 1);
  await server.restart();
  await publishActivity(redis, progress('c', 2));
  await client.until((events) => events.length === 2);
  expect(percents(client.events)).toEqual([1, 2]);
});

it('sends activities of a private session to its one reader only, live and again', async () => {
  const hidden = progress('p', 1);
  privateTo.set(hidden.session_id, 'ada');
  const as = (reader: string, after = '') =>
    openSse(`${urlOf('p')}${after}`, { headers: { 'x-reader': reader } });
  const [ada, ben] = await Promise.all([as('ada'), as('ben')]);
  await publishActivity(redis, hidden);
  await publishActivity(redis, progress('p', 2));
  expect(percents(await ada.until((events) => events.length === 2))).toEqual([1, 2]);
  expect(percents(await ben.until((events) => events.length > 0))).toEqual([2]);
  const [adaAgain, benAgain] = await Promise.all([as('ada', '?after=0-1'), as('ben', '?after=0-1')]);
  await publishActivity(redis, progress('p', 3));
  expect(percents(await adaAgain.until((events) => events.length === 3))).toEqual([1, 2, 3]);
  expect(percents(await benAgain.until((events) => events.length === 2))).toEqual([2, 3]);
  for (const stream of [ada, ben, adaAgain, benAgain]) stream.close();
});

it('does not repeat what was for all before the session became private', async () => {
  const shared = progress('hidden', 1);
  const { session_id, tenant_id, at } = shared;
  const as = (reader: string, after = '') =>
    openSse(`${urlOf('hidden')}${after}`, { headers: { 'x-reader': reader } });
  const ben = await as('ben');
  await publishActivity(redis, shared);
  await ben.until((events) => events.length === 1);
  privateTo.set(session_id, 'ada');
  await publishActivity(redis, {
    v: 1,
    type: 'session.hidden',
    tenant_id,
    session_id,
    at,
    owner_id: 'ada',
  });
  await ben.until((events) => events.length === 2);
  await publishActivity(redis, progress('hidden', 2));
  await ben.until((events) => events.length === 3);
  const typesOf = async (reader: string, count: number) => {
    const stream = await as(reader, '?after=0-1');
    const events = await stream.until((all) => all.length === count);
    stream.close();
    return events.map(({ event }) => event);
  };
  expect(await typesOf('ben', 2)).toEqual(['session.hidden', 'session.progress']);
  expect(await typesOf('ada', 3)).toEqual(['session.progress', 'session.hidden', 'session.progress']);
  ben.close();
});

it('tells only the person who has read a session, and nobody once it is private to another one', async () => {
  const as = (reader: string) => openSse(`${urlOf('read')}?after=0-1`, { headers: { 'x-reader': reader } });
  const [shown, hidden] = [progress('read', 1), progress('read', 2)];
  privateTo.set(hidden.session_id, 'ada');
  for (const { tenant_id, session_id, at } of [shown, hidden]) {
    for (const user_id of ['ada', 'ben'])
      await publishActivity(redis, {
        v: 1,
        type: 'session.read',
        tenant_id,
        session_id,
        at,
        user_id,
        read_at: at,
      });
  }
  await publishActivity(redis, shown);
  const readsOf = async (reader: string) => {
    const stream = await as(reader);
    const events = await stream.until((all) => all.some(({ event }) => event === 'session.progress'));
    stream.close();
    return events.filter(({ event }) => event === 'session.read').length;
  };
  expect([await readsOf('ada'), await readsOf('ben'), await readsOf('cy')]).toEqual([2, 1, 0]);
});
