import { request } from 'node:http';
import { Scrape } from '@saas-codex/testing/prometheus';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { waitFor } from '@saas-codex/testing/wait-for';
import {
  send,
  startTestGateway,
  startUpstream,
  type TestGateway,
  type TestUpstream,
} from '@saas-codex/testing/gateway/gateway';

const TOKEN = 'a-token-for-metrics-0123456789abcdef';
let redis: TestRedis;
let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  redis = await startRedis();
  upstream = await startUpstream((req, res) => {
    if (req.url === '/api/events') res.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
    else res.writeHead(201, { 'content-type': 'application/json' }).end('{}');
  });
  gateway = await startTestGateway({
    BACKEND_URL: upstream.url,
    REDIS_URL: redis.url,
    METRICS_TOKEN: TOKEN,
  });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
  await redis.stop();
});

const scrape = () => Scrape.of(gateway.url, TOKEN);

it('counts the requests that it forwards, and its open streams', async () => {
  await send(`${gateway.url}/api/sessions/0198`, { method: 'GET' });
  const stream = request(`${gateway.url}/api/events`).end();
  await new Promise((resolve) => stream.once('response', resolve));
  const open = await scrape();
  expect(open.value('saas_codex_proxied_requests_total', { method: 'GET', status: '201' })).toBe(1);
  expect(open.value('saas_codex_open_streams')).toBe(1);
  const route = { route: '/api/*', status: '201' };
  expect(open.value('saas_codex_http_request_duration_seconds_count', route)).toBe(1);
  expect(open.value('process_cpu_seconds_total')).toBeGreaterThan(0);
  stream.destroy();
  await waitFor(async () => (await scrape()).value('saas_codex_open_streams') === 0);
});

it('answers only with the metrics token', async () => {
  const given: (string | undefined)[] = [undefined, 'Bearer ', `Bearer ${TOKEN}x`, TOKEN];
  for (const authorization of given) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const { status, body } = await send(`${gateway.url}/metrics`, { headers });
    expect([status, JSON.parse(body)]).toMatchObject([401, { code: 'unauthenticated' }]);
  }
});

it('has no metrics route without a token in its settings', async () => {
  const other = await startTestGateway({ BACKEND_URL: upstream.url, REDIS_URL: redis.url });
  try {
    const headers = { authorization: 'Bearer undefined', accept: 'text/html' };
    const { status } = await send(`${other.url}/metrics`, { headers });
    expect(status).toBe(404);
  } finally {
    await other.stop();
  }
});
