import { request } from 'node:http';
import { Scrape } from '@saas-codex/testing/prometheus';
import { waitFor } from '@saas-codex/testing/wait-for';
import {
  type GatewayWorld,
  sendRaw,
  startGatewayWorld,
  startTestGateway,
} from '@saas-codex/testing/gateway/gateway';

const TOKEN = 'a-token-for-metrics-0123456789abcdef';
let world: GatewayWorld;

beforeAll(async () => {
  world = await startGatewayWorld(
    (req, res) => {
      if (req.url === '/api/events')
        res.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
      else res.writeHead(201, { 'content-type': 'application/json' }).end('{}');
    },
    { METRICS_TOKEN: TOKEN },
  );
});
afterAll(() => world.stop());

const scrape = () => Scrape.of(world.url, TOKEN);

it('counts forwarded requests and open streams', async () => {
  await sendRaw(`${world.url}/api/sessions/0198`, { method: 'GET' });
  const stream = request(`${world.url}/api/events`).end();
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

it('serves metrics only with the token', async () => {
  const given: (string | undefined)[] = [undefined, 'Bearer ', `Bearer ${TOKEN}x`, TOKEN];
  for (const authorization of given) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const { status, body } = await sendRaw(`${world.url}/metrics`, { headers });
    expect([status, JSON.parse(body)]).toMatchObject([401, { code: 'unauthenticated' }]);
  }
});

it('serves no metrics if METRICS_TOKEN is not set', async () => {
  const other = await startTestGateway({ ...world.settings });
  try {
    const headers = { authorization: 'Bearer undefined', accept: 'text/html' };
    const { status } = await sendRaw(`${other.url}/metrics`, { headers });
    expect(status).toBe(404);
  } finally {
    await other.stop();
  }
});
