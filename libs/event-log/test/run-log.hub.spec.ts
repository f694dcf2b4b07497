import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BEFORE_FIRST_EVENT } from '@saas-codex/contracts/event-ids';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { openSse, type SseEvent } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { connectRedis } from '@saas-codex/service-kit/redis';
import type { StreamEntry } from '../src/redis-stream/stream-entry.js';
import { RunLogHub, serveRunEvents } from '../src/run-log/run-log.hub.js';
import type { RunLogOwner } from '../src/run-log/run-log-entry.js';
import { appendEntry } from '../src/run-log/run-log.scripts.js';
import { RunLogs } from '../src/run-log/run-logs.js';

const STARTED = { kind: 'prompt', prompt: 'Say hello', model: null, runner: 'spec' } as const;
const DELTA = { item_type: 'agent_message', stream_id: 's1', text: 'Hel' } as const;

let server: TestRedis;
let redis: Redis;
let logs: RunLogs;
let hub: RunLogHub;
let http: Server;
let tick: () => void;

beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis(server.url);
  // No workspaces, so no spools.
  logs = new RunLogs(redis, '/nonexistent');
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

beforeEach(async () => {
  const ticker = (run: () => void) => {
    tick = run;
    return () => undefined;
  };
  hub = new RunLogHub(redis, { ticker });
  http = createServer((req, res) => {
    serveRunEvents(hub, req, res, req.url?.split(/[/?]/)[1] ?? '').catch((error: unknown) => {
      res.statusCode = error instanceof ProblemError ? error.status : 500;
      res.end(error instanceof ProblemError ? error.code : String(error));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  hub.close();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

const newOwner = (): RunLogOwner => ({ runId: randomUUID(), sessionId: randomUUID(), tenantId: 'local' });
const urlOf = ({ runId }: RunLogOwner) => `http://127.0.0.1:${(http.address() as AddressInfo).port}/${runId}`;
const connections = () => new Promise<number>((resolve) => http.getConnections((_, count) => resolve(count)));
const idsOf = (events: SseEvent[]) => events.flatMap(({ id }) => id ?? []);
const logged = (events: SseEvent[]) => events.filter(({ id }) => id !== null);

async function writeSomeLog(owner: RunLogOwner): Promise<void> {
  const log = await logs.startLog(owner, STARTED);
  await log.appendEvent('turn.started', {});
  await log.appendDelta(DELTA);
  await log.appendDelta({ ...DELTA, text: 'lö\n\nid: 9' });
  await log.appendEvent('error', { message: 'a' });
  await log.appendDelta(DELTA);
}

/** A log with this many durable entries, written in one go. */
async function writeLongLog({ runId }: RunLogOwner, entries: number): Promise<void> {
  const writing = redis.pipeline();
  for (let seq = 1; seq <= entries; seq += 1) {
    const event = JSON.stringify({ seq, text: 'x'.repeat(300) });
    writing.xadd(REDIS_KEYS.runEvents(runId), `${seq}-0`, 'type', 'error', 'event', event);
  }
  await writing.exec();
}

it('sends a log from its beginning, then new events, then `end`', async () => {
  const owner = newOwner();
  const early = await openSse(urlOf(owner));
  expect(early.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  await writeSomeLog(owner);
  const late = await openSse(urlOf(owner));
  await late.until((events) => events.length === 6);
  await logs.endLog(owner, 'run.succeeded', {});

  const events = await early.ended();
  expect(idsOf(events)).toEqual(['1', '2', '2-1', '2-2', '3', '3-1', '4']);
  expect(events.at(-2)).toMatchObject({ id: '4', event: 'run.succeeded' });
  expect(events.at(-1)).toMatchObject({ id: null, event: 'end' });
  expect(await late.ended()).toEqual(events);
});

it('continues after any id, of a durable event or a delta, while the run is active and after its end', async () => {
  const owner = newOwner();
  await writeSomeLog(owner);
  const whole = await openSse(urlOf(owner));
  const sofar = [...(await whole.until((events) => events.length === 6))];
  const resumed = await Promise.all(
    sofar.map(({ id }) => openSse(urlOf(owner), { headers: { 'last-event-id': id ?? '' } })),
  );
  await logs.endLog(owner, 'run.succeeded', {});
  const all = logged(await whole.ended());
  for (const [index, client] of resumed.entries()) {
    expect(logged(await client.ended())).toEqual(all.slice(index + 1));
  }
  for (const [index, { id }] of all.entries()) {
    const client = await openSse(`${urlOf(owner)}?after=${id}`);
    expect(logged(await client.ended())).toEqual(all.slice(index + 1));
  }
});

it('starts to read a second run at once while it waits for the first', async () => {
  const [first, second] = [newOwner(), newOwner()];
  const watching = await openSse(urlOf(first));
  const log = await logs.startLog(first, STARTED);
  await watching.until((events) => events.length === 1);
  const other = await openSse(urlOf(second));
  await writeSomeLog(second);
  await waitFor(() => other.events.length === 6);
  await log.appendEvent('turn.started', {});
  await waitFor(() => watching.events.length === 2);
});

it('ignores what follows the first terminal event', async () => {
  const owner = newOwner();
  const early = await openSse(urlOf(owner));
  await writeSomeLog(owner);
  await logs.endLog(owner, 'run.cancelled', { reason: 'Cancelled.' });
  await redis.xadd(REDIS_KEYS.runEvents(owner.runId), '5-0', 'type', 'error', 'event', '{}');
  const late = await openSse(urlOf(owner));
  expect(idsOf(await early.ended()).at(-1)).toBe('4');
  expect(await late.ended()).toEqual(early.events);
});

it.each([1, 2_500, 5_000])(
  'sends a long log from after event %i, even to many clients at once',
  async (after) => {
    const owner = newOwner();
    await writeLongLog(owner, 5_000);
    const clients = await Promise.all(
      Array.from({ length: 5 }, () => openSse(`${urlOf(owner)}?after=${after}`)),
    );
    await logs.endLog(owner, 'run.succeeded', {});
    const expected = Array.from({ length: 5_001 - after }, (_, n) => `${after + n + 1}`);
    for (const client of clients) expect(idsOf(await client.ended())).toEqual(expected);
    const late = await openSse(`${urlOf(owner)}?after=${after}`);
    expect(idsOf(await late.ended())).toEqual(expected);
  },
);

it('tells a client of events that are lost for good, before what follows them', async () => {
  const owner = newOwner();
  const early = await openSse(urlOf(owner));
  const log = await logs.startLog(owner, STARTED);
  await early.until((events) => events.length === 1);
  for (let n = 0; n < 5; n += 1) await log.appendEvent('error', { message: `${n}` });
  await early.until((events) => events.length === 6);
  await redis.xtrim(REDIS_KEYS.runEvents(owner.runId), 'MINID', '5-0');
  const resumed = await openSse(`${urlOf(owner)}?after=4`);
  await logs.endLog(owner, 'run.succeeded', {});
  const received = async (client: typeof early) => (await client.ended()).map(({ id, event }) => id ?? event);
  expect(await received(early)).toEqual(['1', '2', '3', '4', '5', '6', '7', 'end']);
  expect(await received(resumed)).toEqual(['5', '6', '7', 'end']);
  hub.close();
  hub = new RunLogHub(redis);
  expect(await received(await openSse(urlOf(owner)))).toEqual(['resync', '5', '6', '7', 'end']);
});

it('refuses a cursor that is not an id, and one beyond the end of the log', async () => {
  const owner = newOwner();
  await writeSomeLog(owner);
  for (const after of ['abc', '-1', '1-', '4']) {
    const client = await openSse(`${urlOf(owner)}?after=${after}`);
    await client.ended();
    expect([client.status, client.body()]).toEqual([400, 'invalid_cursor']);
  }
});

it('sends a heartbeat to every client', async () => {
  const client = await openSse(urlOf(newOwner()));
  for (let n = 0; n < 15; n += 1) tick();
  await client.until((events) => events.length === 1);
  expect(client.events).toEqual([{ id: null, event: 'heartbeat', data: '{}' }]);
});

it('cuts off only the client that does not read', async () => {
  const owner = newOwner();
  const healthy = await openSse(urlOf(owner));
  const stuck = await openSse(urlOf(owner), { paused: true });
  const log = await logs.startLog(owner, STARTED);
  for (let n = 0; n < 100; n += 1) await log.appendEvent('error', { message: 'x'.repeat(200_000) });
  await healthy.until((events) => events.length === 101);
  expect(await connections()).toBe(2);
  for (let n = 0; n < 3; n += 1) tick();
  await waitFor(async () => (await connections()) === 1);
  await logs.endLog(owner, 'run.succeeded', {});
  await healthy.ended();
  expect(idsOf(healthy.events)).toEqual(Array.from({ length: 102 }, (_, n) => `${n + 1}`));
  stuck.close();
});

it('sends everything to a slow client, even after it has fallen out of the window', async () => {
  const owner = newOwner();
  const slow = await openSse(urlOf(owner));
  slow.response.pause();
  const log = await logs.startLog(owner, STARTED);
  for (let n = 0; n < 100; n += 1) await log.appendEvent('error', { message: 'x'.repeat(200_000) });
  await logs.endLog(owner, 'run.succeeded', {});
  slow.response.resume();
  await slow.ended();
  expect(idsOf(slow.events)).toEqual(Array.from({ length: 102 }, (_, n) => `${n + 1}`));
});

describe('an event that is not published', () => {
  /** Appends as a writer of an earlier version does, or one that may not publish. */
  const appendSilently = ({ runId }: RunLogOwner, id: string, type = 'error') =>
    redis.xadd(REDIS_KEYS.runEvents(runId), id, 'type', type, 'event', '{}');
  const publish = ({ runId }: RunLogOwner, message: string) =>
    redis.publish(REDIS_KEYS.runEvents(runId), message);

  it('comes when the next one is, in order, also if it is a delta', async () => {
    const owner = newOwner();
    const client = await openSse(urlOf(owner));
    await logs.startLog(owner, STARTED);
    await client.until((events) => events.length === 1);
    for (const id of ['1-1', '1-2', '2-0', '3-0', '3-1', '4-0']) await appendSilently(owner, id);
    await publish(owner, '3-1 4-0 error {}');
    await publish(owner, 'no entry');
    await client.until((events) => events.length === 7);
    // The same entries again change nothing.
    await publish(owner, '0-0 1-0 run.started {}');
    await logs.endLog(owner, 'run.succeeded', {});
    expect(idsOf(await client.ended())).toEqual(['1', '1-1', '1-2', '2', '3', '3-1', '4', '5']);
  });

  it('comes although nothing is published at all', async () => {
    const owner = newOwner();
    const client = await openSse(urlOf(owner));
    await appendSilently(owner, '1-0');
    await client.until((events) => events.length === 1);
    await appendSilently(owner, '2-0');
    await client.until((events) => events.length === 2);
    await appendSilently(owner, '3-0', 'run.failed');
    expect(idsOf(await client.ended())).toEqual(['1', '2', '3']);
  });

  it('comes when the connection of messages was cut', async () => {
    const owner = newOwner();
    const client = await openSse(urlOf(owner));
    const log = await logs.startLog(owner, STARTED);
    await client.until((events) => events.length === 1);
    for (let round = 0; round < 3; round += 1) {
      const writing = Array.from({ length: 50 }, (_, n) => log.appendEvent('error', { message: `${n}` }));
      await redis.client('KILL', 'TYPE', 'PUBSUB');
      await Promise.all(writing);
    }
    await logs.endLog(owner, 'run.succeeded', {});
    expect(idsOf(await client.ended())).toEqual(Array.from({ length: 152 }, (_, n) => `${n + 1}`));
  });

  it('comes to a reader that may not subscribe, from a writer that may not publish', async () => {
    const user = ['reset', 'on', '>secret', '~*', '+@all', 'resetchannels'];
    await redis.acl('SETUSER', 'mute', ...user);
    const limited = connectRedis(server.url, { username: 'mute', password: 'secret' });
    const muteHub = new RunLogHub(limited);
    const owner = newOwner();
    const feed = await muteHub.openFeed(owner.runId, BEFORE_FIRST_EVENT);
    const log = await logs.startLog(owner, STARTED);
    await log.appendEvent('turn.started', {});
    await waitFor(() => feed.log.lastId.seq === 2);
    const client = await openSse(urlOf(owner));
    const ids = { after: '2-0', id: '3-0' };
    await appendEntry(limited, owner, ids, { type: 'error', event: '{}', writer: 'mute' });
    await client.until((events) => events.length === 3);
    muteHub.close();
    limited.disconnect();
  });
});

it('continues after a restart of Redis', async () => {
  const owner = newOwner();
  const log = await logs.startLog(owner, STARTED);
  const client = await openSse(urlOf(owner));
  await client.until((events) => events.length === 1);
  await server.restart();
  await log.appendEvent('turn.started', {});
  await logs.endLog(owner, 'run.succeeded', {});
  expect(idsOf(await client.ended())).toEqual(['1', '2', '3']);
});

it('cuts off its clients when the log is gone after a restart, and gives them the reason when they reconnect', async () => {
  const owner = newOwner();
  await writeSomeLog(owner);
  const client = await openSse(urlOf(owner));
  await client.until((events) => events.length === 6);
  await redis.del(REDIS_KEYS.runEvents(owner.runId));
  await server.restart();
  await client.ended();
  expect(client.events.at(-1)?.event).not.toBe('end');
  const again = await openSse(urlOf(owner), { headers: { 'last-event-id': '3-1' } });
  expect(again.status).toBe(400);
});

it('drops a log some time after its last client has left, and reads it again for the next client', async () => {
  const owner = newOwner();
  const client = await openSse(urlOf(owner));
  await writeSomeLog(owner);
  await client.until((events) => events.length === 6);
  client.close();
  await waitFor(async () => (await connections()) === 0);
  for (let n = 0; n < 31; n += 1) tick();
  await logs.endLog(owner, 'run.succeeded', {});
  const next = await openSse(urlOf(owner));
  expect(idsOf(await next.ended())).toEqual(['1', '2', '2-1', '2-2', '3', '3-1', '4']);
});

it('cuts off its clients when it closes, and accepts no more', async () => {
  const owner = newOwner();
  const client = await openSse(urlOf(owner));
  hub.close();
  await client.ended();
  const late = await openSse(urlOf(owner));
  expect(late.status).toBe(502);
});

test('a log that was archived before this process read its end is served from the archive to clients that reconnect', async () => {
  const { runId } = newOwner();
  const archived: StreamEntry[] = [];
  const archive = {
    lastId: async () => archived.at(-1)?.id ?? null,
    read: async () => archived,
  };
  const open = () => hub.openFeed(runId, BEFORE_FIRST_EVENT, { archive });
  const waiting = await open();
  archived.push({ id: { seq: 1, delta: 0 }, type: 'run.failed', event: Buffer.from('{}') });
  for (let n = 0; n < 15; n += 1) tick();
  await waitFor(async () => (await open()) !== waiting);
  const feed = await open();
  expect([feed.ended, feed.log.lastId]).toEqual([true, { seq: 1, delta: 0 }]);
});
