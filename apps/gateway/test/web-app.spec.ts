import { fileURLToPath } from 'node:url';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import {
  buildWebApp,
  send,
  startTestGateway,
  startUpstream,
  type TestGateway,
  type TestUpstream,
} from '@saas-codex/testing/gateway/gateway';

const PAGE = '<!doctype html><title>app</title>';
const SCRIPT = `console.log(${'1'.repeat(5_000)})`;
const NAVIGATION = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let redis: TestRedis;
let upstream: TestUpstream;
let web: { root: string; remove(): Promise<void> };
let gateway: TestGateway;

beforeAll(async () => {
  redis = await startRedis();
  upstream = await startUpstream((_req, res) => void res.writeHead(404).end('the backend'));
  web = await buildWebApp({ 'index.html': PAGE, 'favicon.svg': '<svg/>', 'assets/app-1234.js': SCRIPT });
  gateway = await startTestGateway({ BACKEND_URL: upstream.url, REDIS_URL: redis.url, WEB_ROOT: web.root });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
  await web.remove();
  await redis.stop();
});

it.each(['/', '/index.html', '/sessions/5', '/sign-in', '/a.b/c?x=1'])(
  'answers a navigation to %s with the page',
  async (path) => {
    const answer = await send(`${gateway.url}${path}`, { headers: NAVIGATION });
    expect(answer).toMatchObject({ status: 200, body: PAGE });
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    });
    const again = await send(`${gateway.url}${path}`, {
      headers: { ...NAVIGATION, 'if-none-match': answer.headers.etag ?? '' },
    });
    expect(again).toMatchObject({ status: 304, body: '' });
  },
);

it('lets browsers keep hashed files for ever, and sends them compressed', async () => {
  const url = `${gateway.url}/assets/app-1234.js`;
  const plain = await send(url);
  expect(plain).toMatchObject({ status: 200, body: SCRIPT });
  expect(plain.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-type': 'text/javascript; charset=utf-8',
    vary: 'Accept-Encoding',
  });
  for (const [accepted, used] of [
    ['gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
  ] as const) {
    const { headers } = await send(url, { method: 'HEAD', headers: { 'accept-encoding': accepted } });
    expect(headers['content-encoding']).toBe(used);
    expect(Number(headers['content-length'])).toBeLessThan(SCRIPT.length / 10);
  }
  for (const encoding of ['gzip', 'br']) {
    const fetched = await fetch(url, { headers: { 'accept-encoding': encoding } });
    expect(await fetched.text()).toBe(SCRIPT);
  }
  const refused = await send(url, { headers: { 'accept-encoding': 'gzip;q=0, br;q=0' } });
  expect(refused).toMatchObject({ status: 200, body: SCRIPT });
});

it('answers 404 for a file that does not exist or is outside the folder', async () => {
  for (const path of [
    '/assets/gone.js',
    '/assets/..%2f..%2fetc/passwd',
    '/../package.json',
    '/api2',
    '/assets',
  ]) {
    const answer = await send(`${gateway.url}${path}`, { headers: { accept: '*/*' } });
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([404, 'not_found']);
  }
});

it('answers 400 for an address that is not valid percent-encoding', async () => {
  const answer = await send(`${gateway.url}/%E0%A4%A`);
  expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, 'invalid_request']);
});

it('finds every larger script and style of the real build compressed', async () => {
  const built = fileURLToPath(new URL('../../web/dist', import.meta.url));
  const real = await startTestGateway({ BACKEND_URL: upstream.url, REDIS_URL: redis.url, WEB_ROOT: built });
  try {
    const page = await send(real.url, { headers: NAVIGATION });
    const files = [...page.body.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)];
    const encodings = await Promise.all(
      files.map(async ([, path]) => {
        const plain = await send(`${real.url}${path}`, { method: 'HEAD' });
        if (Number(plain.headers['content-length']) < 1_024) return 'br';
        const compressed = { method: 'HEAD', headers: { 'accept-encoding': 'br' } };
        return (await send(`${real.url}${path}`, compressed)).headers['content-encoding'];
      }),
    );
    expect(encodings).toEqual(files.map(() => 'br'));
    expect(files.length).toBeGreaterThan(1);
  } finally {
    await real.stop();
  }
});

it('leaves /api to the backend, even for a navigation, and refuses writes', async () => {
  expect((await send(`${gateway.url}/api/docs`, { headers: NAVIGATION })).body).toBe('the backend');
  expect((await send(`${gateway.url}/`, { method: 'POST' })).status).toBe(405);
});
