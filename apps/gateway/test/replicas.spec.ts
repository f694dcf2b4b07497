import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import {
  send,
  startTestGateway,
  startUpstream,
  type TestGateway,
  type TestUpstream,
} from '@saas-codex/testing/gateway/gateway';

/** One gateway in front of several backends. */

let redis: TestRedis;
let backends: TestUpstream[];
let gateway: TestGateway;
let answer: (name: number) => RequestListener;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

beforeEach(async () => {
  answer = (name) => async (req, res) => {
    res.end(`${name}: ${req.method} ${await text(req)}`.trim());
  };
  backends = await Promise.all([1, 2, 3].map((name) => startUpstream((...args) => answer(name)(...args))));
  gateway = await startTestGateway({
    BACKEND_URL: backends.map(({ url }) => url).join(','),
    REDIS_URL: redis.url,
  });
});
afterEach(async () => {
  await gateway.stop();
  await Promise.all(backends.map((backend) => backend.stop()));
});

const get = () => send(`${gateway.url}/api/me`);
const post = (body: string) =>
  send(`${gateway.url}/api/sessions`, {
    method: 'POST',
    headers: { 'content-length': `${body.length}` },
    body,
  });

it('spreads requests evenly', async () => {
  const answers = [];
  for (let index = 0; index < 6; index++) answers.push((await get()).body);
  expect(answers).toEqual(['1: GET', '2: GET', '3: GET', '1: GET', '2: GET', '3: GET']);
});

it('skips backends that accept no connection, even for requests with a body', async () => {
  await backends[0]?.stop();
  await backends[2]?.stop();
  for (let index = 0; index < 4; index++) {
    expect(await get()).toMatchObject({ status: 200, body: '2: GET' });
    expect(await post('once')).toMatchObject({ status: 200, body: '2: POST once' });
  }
});

it('responds with 502 when no backend is left', async () => {
  await Promise.all(backends.map((backend) => backend.stop()));
  expect([(await get()).status, (await post('once')).status]).toEqual([502, 502]);
});

it('retries a GET at another backend when one dies, but never a POST', async () => {
  const asked: string[] = [];
  answer = (name) => (req, res) => {
    asked.push(`${name} ${req.method}`);
    if (name === 1) req.socket.destroy();
    else res.end(`${name}`);
  };
  expect(await get()).toMatchObject({ status: 200, body: '2' });
  await get();
  await get();
  asked.length = 0;
  expect((await post('once')).status).toBe(502);
  expect(asked).toEqual(['1 POST']);
});

it('cuts the event streams of a backend that dies, and their clients continue at another', async () => {
  answer = (name) => (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`id: ${name}\ndata: {}\n\n`);
  };
  const first = await openSse(`${gateway.url}/api/runs/1/events`);
  await first.until((events) => events.at(-1)?.id === '1');
  await backends[0]?.stop();
  await first.ended();
  expect(first.response.complete).toBe(false);
  const second = await openSse(`${gateway.url}/api/runs/1/events`, { headers: { 'last-event-id': '1' } });
  await second.until((events) => events.at(-1)?.id === '2');
  second.close();
});

it('is ready as long as one backend is, and says so without one', async () => {
  const states = [503, 200, 503];
  answer = (name) => (req, res) => {
    res.writeHead(req.url === '/ready' ? (states[name - 1] ?? 500) : 404).end();
  };
  expect(await send(`${gateway.url}/ready`)).toMatchObject({ status: 200 });
  states[1] = 503;
  const refused = await waitFor(async () => {
    const now = await send(`${gateway.url}/ready`);
    return now.status === 503 ? now : null;
  });
  expect(JSON.parse(refused.body)).toEqual({
    status: 'not_ready',
    service: 'gateway',
    checks: [{ name: 'backend', ready: false, reason: expect.stringContaining('No backend is ready.') }],
  });
  expect((await send(`${gateway.url}/health`)).status).toBe(200);
});
