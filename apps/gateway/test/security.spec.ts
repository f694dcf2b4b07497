import {
  type GatewayWorld,
  sendRaw,
  startGatewayWorld,
  startTestGateway,
} from '@saas-codex/testing/gateway/gateway';

let world: GatewayWorld;

beforeAll(async () => {
  world = await startGatewayWorld((_req, res) => void res.end('reached'));
});
afterAll(() => world.stop());

const COOKIE = { cookie: 'session=1' };
const BEARER = { authorization: 'Bearer token' };
const OWN = 'http://codex.example';

describe('an unsafe request', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['of our page', { ...COOKIE, origin: OWN, 'sec-fetch-site': 'same-origin' }, true],
    ['of our page, by Sec-Fetch-Site only', { ...COOKIE, 'sec-fetch-site': 'same-origin' }, true],
    ['of our page, by Origin only', { ...COOKIE, origin: OWN }, true],
    ['of another site', { ...COOKIE, origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }, false],
    ['of another site, by Origin only', { ...COOKIE, origin: 'http://evil.example' }, false],
    [
      'of a sibling site',
      { ...COOKIE, origin: 'http://x.codex.example', 'sec-fetch-site': 'same-site' },
      false,
    ],
    ['of our host on another scheme', { ...COOKIE, origin: 'https://codex.example' }, false],
    ['of a sandboxed page', { ...COOKIE, origin: 'null' }, false],
    ['of another site with a token', { ...BEARER, origin: 'http://evil.example' }, false],
    ['with a cookie but without Origin and Sec-Fetch-Site', COOKIE, false],
    ['of a program with a token', BEARER, true],
    ['of a program without credentials', {}, true],
  ])('passes or is refused by its origin: %s', async (_name, headers, passes) => {
    for (const method of ['POST', 'DELETE']) {
      const answer = await sendRaw(`${world.url}/api/sessions`, { method, headers });
      expect(answer.status).toBe(passes ? 200 : 403);
      if (!passes) expect(JSON.parse(answer.body).code).toBe('origin_forbidden');
    }
  });

  it('passes from the address at which the gateway was reached', async () => {
    const headers = { ...COOKIE, origin: world.url };
    expect((await sendRaw(`${world.url}/api/sessions`, { method: 'POST', headers })).status).toBe(200);
  });
});

it('does not check the origin of reads', async () => {
  const headers = { ...COOKIE, origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
  expect((await sendRaw(`${world.url}/api/sessions`, { headers })).status).toBe(200);
});

it('hides the pages of links to sessions from search engines and other sites', async () => {
  const { headers } = await sendRaw(`${world.url}/shared/01960f3e-6a1c-7b2d-8e4f-5a6b7c8d9e0f`);
  expect(headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex' });
  expect((await sendRaw(`${world.url}/sessions/x`)).headers).not.toHaveProperty('x-robots-tag');
});

it('sends security headers with every response, but does not force https on a plain http host', async () => {
  for (const path of ['/health', '/api/me', '/nothing']) {
    const { headers } = await sendRaw(`${world.url}${path}`);
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

it('lets only the page that makes a GitHub App send a form elsewhere', async () => {
  const policyOf = async (path: string) =>
    (await sendRaw(`${world.url}${path}`)).headers['content-security-policy'] as string;
  expect(await policyOf('/settings/github-app')).toContain("form-action 'self' https: http:;");
  for (const path of ['/', '/settings/forges', '/settings/github-app/x', '/sessions/x'])
    expect(await policyOf(path)).toContain("form-action 'self';");
});

describe('limits', () => {
  const REFUSED = { code: 'rate_limited', status: 429 };

  async function limited(
    settings: Record<string, string>,
    use: (url: string) => Promise<void>,
  ): Promise<void> {
    const other = await startTestGateway({ ...world.settings, ...settings });
    try {
      await use(other.url);
    } finally {
      await other.stop();
    }
  }

  it('count per credential and show what is left', () =>
    limited({ RATE_LIMIT_PER_MINUTE: '1000' }, async (url) => {
      const first = await sendRaw(`${url}/api/me`, { headers: { authorization: 'Bearer limits-a' } });
      expect(first.headers).toMatchObject({
        'ratelimit-limit': '1000',
        'ratelimit-reset': expect.stringMatching(/^\d+$/),
      });
      expect(Number(first.headers['ratelimit-remaining'])).toBeLessThan(1000);
    }));

  it('are stricter for signing in, for all gateways together', async () => {
    const signIn = (url: string) => sendRaw(`${url}/api/auth/sign-in`, { method: 'POST' });
    const settings = { SIGN_IN_LIMIT_PER_MINUTE: '3' };
    await limited(settings, async (url) => {
      for (let n = 0; n < 3; n += 1) expect((await signIn(url)).status).toBe(200);
      expect((await sendRaw(`${url}/API/Auth/sign-in`, { method: 'POST' })).status).toBe(429);
      const target = 'http://elsewhere.example/api/auth/sign-in';
      expect((await sendRaw(url, { method: 'POST', target })).status).toBe(429);
    });
    await limited(settings, async (url) => {
      const refused = await signIn(url);
      expect(JSON.parse(refused.body)).toMatchObject(REFUSED);
      expect(refused.headers).toMatchObject({ 'ratelimit-limit': '3', 'ratelimit-remaining': '0' });
      expect(refused.headers['retry-after']).toBe(refused.headers['ratelimit-reset']);
      expect((await sendRaw(`${url}/api/me`)).status).toBe(200);
    });
  });

  it('use the address from a header only if the proxy is trusted', async () => {
    const as = (url: string, address: string) =>
      sendRaw(`${url}/api/auth/sign-in`, { method: 'POST', headers: { 'x-forwarded-for': address } });
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

  it('are counted in the process while Redis is unavailable', () =>
    limited({ REDIS_URL: 'redis://127.0.0.1:1', SIGN_IN_LIMIT_PER_MINUTE: '2' }, async (url) => {
      const statuses = [];
      for (let n = 0; n < 3; n += 1) {
        statuses.push((await sendRaw(`${url}/api/auth/sign-in`, { method: 'POST' })).status);
      }
      expect(statuses).toEqual([200, 200, 429]);
    }));

  it('store no secret in Redis', async () => {
    await sendRaw(`${world.url}/api/me`, { headers: { authorization: 'Bearer very-secret' } });
    const { Redis } = await import('ioredis');
    const client = new Redis(world.settings.REDIS_URL);
    const keys = await client.keys('*');
    client.disconnect();
    expect(keys.every((key) => key.startsWith('codex:limit:'))).toBe(true);
    expect(keys.join()).not.toContain('very-secret');
  });
});
