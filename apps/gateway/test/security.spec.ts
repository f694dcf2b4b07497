import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import {
  send,
  startTestGateway,
  startUpstream,
  type TestGateway,
  type TestUpstream,
} from '@saas-codex/testing/gateway/gateway';

let redis: TestRedis;
let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  redis = await startRedis();
  upstream = await startUpstream((_req, res) => void res.end('reached'));
  gateway = await startTestGateway({ BACKEND_URL: upstream.url, REDIS_URL: redis.url });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
  await redis.stop();
});

const COOKIE = { cookie: 'session=1' };
const BEARER = { authorization: 'Bearer token' };
const OWN = 'http://codex.example';

describe('an unsafe request', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['passes from our page', { ...COOKIE, origin: OWN, 'sec-fetch-site': 'same-origin' }, true],
    [
      'passes from our page, shown by Sec-Fetch-Site alone',
      { ...COOKIE, 'sec-fetch-site': 'same-origin' },
      true,
    ],
    ['passes from our page, shown by Origin alone', { ...COOKIE, origin: OWN }, true],
    [
      'is refused from another site',
      { ...COOKIE, origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' },
      false,
    ],
    [
      'is refused from another site, shown by Origin alone',
      { ...COOKIE, origin: 'http://evil.example' },
      false,
    ],
    [
      'is refused from a sibling site',
      { ...COOKIE, origin: 'http://x.codex.example', 'sec-fetch-site': 'same-site' },
      false,
    ],
    ['is refused from our host on another scheme', { ...COOKIE, origin: 'https://codex.example' }, false],
    ['is refused from a sandboxed page', { ...COOKIE, origin: 'null' }, false],
    ['is refused from another site, even with a token', { ...BEARER, origin: 'http://evil.example' }, false],
    ['is refused with a cookie and no origin', COOKIE, false],
    ['passes from a program with a token', BEARER, true],
    ['passes from a program without a credential', {}, true],
  ])('%s', async (_name, headers, passes) => {
    for (const method of ['POST', 'DELETE']) {
      const answer = await send(`${gateway.url}/api/sessions`, { method, headers });
      expect(answer.status).toBe(passes ? 200 : 403);
      if (!passes) expect(JSON.parse(answer.body).code).toBe('origin_forbidden');
    }
  });

  it('passes from the origin that the request was sent to', async () => {
    const headers = { ...COOKIE, origin: gateway.url };
    expect((await send(`${gateway.url}/api/sessions`, { method: 'POST', headers })).status).toBe(200);
  });
});

it('allows safe requests from every origin', async () => {
  const headers = { ...COOKIE, origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
  expect((await send(`${gateway.url}/api/sessions`, { headers })).status).toBe(200);
});

it('sends security headers with every answer, and none that force a plain http host to https', async () => {
  for (const path of ['/health', '/api/me', '/nothing']) {
    const { headers } = await send(`${gateway.url}${path}`);
    const policy = headers['content-security-policy'] as string;
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('upgrade-insecure-requests');
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
    expect(headers).not.toHaveProperty('x-powered-by');
  }
});

describe('rate limits', () => {
  const REFUSED = { code: 'rate_limited', status: 429 };

  async function limited(
    settings: Record<string, string>,
    use: (url: string) => Promise<void>,
  ): Promise<void> {
    const other = await startTestGateway({ BACKEND_URL: upstream.url, REDIS_URL: redis.url, ...settings });
    try {
      await use(other.url);
    } finally {
      await other.stop();
    }
  }

  it('count per credential and report what is left', () =>
    limited({ RATE_LIMIT_PER_MINUTE: '1000' }, async (url) => {
      const first = await send(`${url}/api/me`, { headers: { authorization: 'Bearer limits-a' } });
      expect(first.headers).toMatchObject({
        'ratelimit-limit': '1000',
        'ratelimit-reset': expect.stringMatching(/^\d+$/),
      });
      expect(Number(first.headers['ratelimit-remaining'])).toBeLessThan(1000);
    }));

  it('are stricter for sign-in, and count across all gateways', async () => {
    const signIn = (url: string) => send(`${url}/api/auth/sign-in`, { method: 'POST' });
    const settings = { SIGN_IN_LIMIT_PER_MINUTE: '3' };
    await limited(settings, async (url) => {
      for (let n = 0; n < 3; n += 1) expect((await signIn(url)).status).toBe(200);
      expect((await send(`${url}/API/Auth/sign-in`, { method: 'POST' })).status).toBe(429);
      const target = 'http://elsewhere.example/api/auth/sign-in';
      expect((await send(url, { method: 'POST', target })).status).toBe(429);
    });
    await limited(settings, async (url) => {
      const refused = await signIn(url);
      expect(JSON.parse(refused.body)).toMatchObject(REFUSED);
      expect(refused.headers).toMatchObject({ 'ratelimit-limit': '3', 'ratelimit-remaining': '0' });
      expect(refused.headers['retry-after']).toBe(refused.headers['ratelimit-reset']);
      expect((await send(`${url}/api/me`)).status).toBe(200);
    });
  });

  it('ignore client addresses in headers unless a proxy is trusted', async () => {
    const as = (url: string, address: string) =>
      send(`${url}/api/auth/sign-in`, { method: 'POST', headers: { 'x-forwarded-for': address } });
    const settings = { SIGN_IN_LIMIT_PER_MINUTE: '1' };
    await limited({ ...settings, TRUST_PROXY: 'loopback' }, async (url) => {
      expect((await as(url, '192.0.2.1')).status).toBe(200);
      expect((await as(url, '192.0.2.2')).status).toBe(200);
      expect((await as(url, '192.0.2.1')).status).toBe(429);
    });
    await limited(settings, async (url) => {
      expect((await as(url, '192.0.2.3')).status).toBe(429);
    });
  });

  it('are kept in the process while Redis is down', () =>
    limited({ REDIS_URL: 'redis://127.0.0.1:1', SIGN_IN_LIMIT_PER_MINUTE: '2' }, async (url) => {
      const statuses = [];
      for (let n = 0; n < 3; n += 1) {
        statuses.push((await send(`${url}/api/auth/sign-in`, { method: 'POST' })).status);
      }
      expect(statuses).toEqual([200, 200, 429]);
    }));

  it('store no secret in Redis', async () => {
    await send(`${gateway.url}/api/me`, { headers: { authorization: 'Bearer very-secret' } });
    const { Redis } = await import('ioredis');
    const client = new Redis(redis.url);
    const keys = await client.keys('*');
    client.disconnect();
    expect(keys.every((key) => key.startsWith('codex:limit:'))).toBe(true);
    expect(keys.join()).not.toContain('very-secret');
  });
});
