import { fileURLToPath } from 'node:url';
import {
  buildWebApp,
  type GatewayWorld,
  sendRaw,
  startGatewayWorld,
  startTestGateway,
} from '@saas-codex/testing/gateway/gateway';

const PAGE = '<!doctype html><title>app</title>';
const SCRIPT = `console.log(${'1'.repeat(5_000)})`;
const NAVIGATION = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let web: { root: string; remove(): Promise<void> };
let world: GatewayWorld;

beforeAll(async () => {
  web = await buildWebApp({ 'index.html': PAGE, 'favicon.svg': '<svg/>', 'assets/app-1234.js': SCRIPT });
  world = await startGatewayWorld((_req, res) => void res.writeHead(404).end('the backend'), {
    WEB_ROOT: web.root,
  });
});
afterAll(async () => {
  await world.stop();
  await web.remove();
});

it.each(['/', '/index.html', '/sessions/5', '/sign-in', '/a.b/c?x=1'])(
  'serves the page for a navigation to %s',
  async (path) => {
    const answer = await sendRaw(`${world.url}${path}`, { headers: NAVIGATION });
    expect(answer).toMatchObject({ status: 200, body: PAGE });
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    });
    const again = await sendRaw(`${world.url}${path}`, {
      headers: { ...NAVIGATION, 'if-none-match': answer.headers.etag ?? '' },
    });
    expect(again).toMatchObject({ status: 304, body: '' });
  },
);

it('lets browsers cache hashed files for a year, and sends them compressed', async () => {
  const url = `${world.url}/assets/app-1234.js`;
  const plain = await sendRaw(url);
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
    const { headers } = await sendRaw(url, { method: 'HEAD', headers: { 'accept-encoding': accepted } });
    expect(headers['content-encoding']).toBe(used);
    expect(Number(headers['content-length'])).toBeLessThan(SCRIPT.length / 10);
  }
  for (const encoding of ['gzip', 'br']) {
    const fetched = await fetch(url, { headers: { 'accept-encoding': encoding } });
    expect(await fetched.text()).toBe(SCRIPT);
  }
  const refused = await sendRaw(url, { headers: { 'accept-encoding': 'gzip;q=0, br;q=0' } });
  expect(refused).toMatchObject({ status: 200, body: SCRIPT });
});

it('responds with 404 for a file that does not exist or is outside the folder', async () => {
  for (const path of [
    '/assets/gone.js',
    '/assets/..%2f..%2fetc/passwd',
    '/../package.json',
    '/api2',
    '/assets',
  ]) {
    const answer = await sendRaw(`${world.url}${path}`, { headers: { accept: '*/*' } });
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([404, 'not_found']);
  }
});

it('responds with 400 for an address that is not valid percent-encoding', async () => {
  const answer = await sendRaw(`${world.url}/%E0%A4%A`);
  expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, 'invalid_request']);
});

it('serves every larger script and style of the real build compressed', async () => {
  const built = fileURLToPath(new URL('../../web/dist', import.meta.url));
  const real = await startTestGateway({ ...world.settings, WEB_ROOT: built });
  try {
    const page = await sendRaw(real.url, { headers: NAVIGATION });
    const files = [...page.body.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)];
    const encodings = await Promise.all(
      files.map(async ([, path]) => {
        const plain = await sendRaw(`${real.url}${path}`, { method: 'HEAD' });
        if (Number(plain.headers['content-length']) < 1_024) return 'br';
        const compressed = { method: 'HEAD', headers: { 'accept-encoding': 'br' } };
        return (await sendRaw(`${real.url}${path}`, compressed)).headers['content-encoding'];
      }),
    );
    expect(encodings).toEqual(files.map(() => 'br'));
    expect(files.length).toBeGreaterThan(1);
  } finally {
    await real.stop();
  }
});

it('forwards /api to the backend, even for a navigation, and refuses writes', async () => {
  expect((await sendRaw(`${world.url}/api/docs`, { headers: NAVIGATION })).body).toBe('the backend');
  expect((await sendRaw(`${world.url}/`, { method: 'POST' })).status).toBe(405);
});
