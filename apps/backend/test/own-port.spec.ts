import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CURRENT_API_VERSION } from '@saas-codex/contracts/http';
import { Problem } from '@saas-codex/contracts/problems';
import { gatewayMark } from '@saas-codex/service-kit/http/gateway-mark';
import { sendRaw } from '@saas-codex/testing/gateway/gateway';
import { sendBytes } from '@saas-codex/testing/raw-request';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { AUTH, type Auth } from '../src/identity/better-auth.js';
import { createSignInToken, OWNER_EMAIL } from '../src/identity/sign-in-links.js';

/** Allowed sign-ins per minute. */
const LIMIT = 5;

// The backend's own port, without a gateway in front of it, refuses what the gateway refuses.

let backend: TestBackend;
let cookie: string;
beforeAll(async () => {
  backend = await startBackend({ SIGN_IN_LIMIT_PER_MINUTE: String(LIMIT) });
  const token = await createSignInToken(backend.app.get<Auth>(AUTH), OWNER_EMAIL);
  const signedIn = await fetch(`${backend.url}/api/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
});
afterAll(() => backend.stop());

const codeOf = (body: string) => Problem.parse(JSON.parse(body)).code;
const fromGateway = () => ({ 'x-gateway-mark': gatewayMark(backend.config.REDIS_URL) ?? '' });
const setUp = (headers: Record<string, string>) =>
  sendRaw(`${backend.url}/api/runs/00000000-0000-4000-8000-000000000000/cancel`, {
    method: 'POST',
    headers: { cookie, ...headers },
  });

describe('a request that a browser sends with the cookie', () => {
  it.each<[string, Record<string, string>]>([
    [
      'a page on another port of this host',
      { origin: 'http://localhost:21590', 'sec-fetch-site': 'same-site' },
    ],
    ['another site', { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another site, by Origin only', { origin: 'http://evil.example' }],
    ['a sandboxed page', { origin: 'null' }],
    [
      'a page that names itself in X-Forwarded-Host',
      {
        origin: 'http://evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
      },
    ],
    ['a program without Origin', {}],
  ])('is refused when it comes from %s', async (_, headers) => {
    const refused = await setUp(headers);
    expect([refused.status, codeOf(refused.body)]).toEqual([403, 'origin_forbidden']);
  });

  it.each<[string, () => Record<string, string>]>([
    ['the product', () => ({ origin: 'http://localhost:9100' })],
    ['a page of this port', () => ({ origin: backend.url })],
    [
      'the address at which the browser reached the gateway',
      () => ({
        ...fromGateway(),
        origin: 'https://codex.lan',
        'x-forwarded-host': 'codex.lan',
        'x-forwarded-proto': 'https',
      }),
    ],
  ])('passes when it comes from %s', async (_, headers) => {
    const answer = await setUp(headers());
    expect([answer.status, codeOf(answer.body)]).toEqual([404, 'run_not_found']);
  });
});

it('limits sign-ins by the address of the connection, whatever headers and spellings say', async () => {
  const tries: { headers?: Record<string, string>; target?: string }[] = [
    {},
    { headers: { 'x-forwarded-for': '192.0.2.1' } },
    { headers: { 'x-gateway-mark': 'guessed', 'x-forwarded-for': '192.0.2.2' } },
    { target: '/API/Auth/sign-in' },
    { target: 'HTTP://elsewhere.example/api/auth/sign-in' },
    { target: '/api/auth/sign-in?x=1' },
  ];
  const statuses = [];
  for (let n = 0; n < 2; n += 1) {
    for (const how of tries)
      statuses.push((await sendRaw(`${backend.url}/api/auth/sign-in`, { method: 'POST', ...how })).status);
  }
  expect(statuses.slice(LIMIT)).toEqual(statuses.slice(LIMIT).map(() => 429));
  const counted = await sendRaw(`${backend.url}/api/auth/sign-in`, {
    method: 'POST',
    headers: fromGateway(),
  });
  expect(counted.status).toBe(400);
  expect(counted.headers).not.toHaveProperty('ratelimit-limit');
});

it.each([
  ['an absolute target of another scheme', 'GET foo://x/api/me HTTP/1.1\r\nHost: x'],
  ['an absolute target of nothing else', 'GET http:// HTTP/1.1\r\nHost: x'],
  ['an absolute target without a host', 'GET http:///api/me HTTP/1.1\r\nHost: x'],
  ['credentials in the target', 'GET http://u:p@x/api/me HTTP/1.1\r\nHost: x'],
  ['two slashes', 'GET //api/me HTTP/1.1\r\nHost: x'],
  ['a backslash', 'GET /api\\me HTTP/1.1\r\nHost: x'],
  ['a fragment', 'GET /api/me#x HTTP/1.1\r\nHost: x'],
  ['broken percent-encoding', 'GET /api/%E0%A4%A HTTP/1.1\r\nHost: x'],
  ['an encoded NUL', 'GET /api/sessions?cursor=%00 HTTP/1.1\r\nHost: x'],
  ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x'],
  ['two Host headers', 'GET /api/me HTTP/1.1\r\nHost: x\r\nHost: y'],
  ['no Host header', 'GET /api/me HTTP/1.1\r\nX: y'],
  ['a request that is no HTTP', 'NONSENSE'],
  [
    'two ways to frame the body',
    'POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked',
  ],
])('answers %s with a 400 problem and a request id', async (_, head) => {
  await isProblem(`${head}\r\nConnection: close\r\n\r\n`, 400, 'invalid_request');
});

it.each<[string, string, number, Problem['code']]>([
  [
    'headers that are too large',
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}`,
    431,
    'headers_too_large',
  ],
  ['an unknown expectation', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: a miracle', 417, 'expectation_failed'],
  ['a tunnel', 'CONNECT x:80 HTTP/1.1\r\nHost: x', 405, 'method_not_allowed'],
  [
    'chunk extensions that are too large',
    `POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}`,
    413,
    'payload_too_large',
  ],
])('answers %s with a problem, although Node refuses it', async (_, head, status, code) => {
  await isProblem(`${head}\r\n\r\n`, status, code);
});

async function isProblem(bytes: string, status: number, code: string): Promise<void> {
  const answer = await sendBytes(backend.url, bytes);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    status,
    expect.stringContaining('application/problem+json'),
  ]);
  const problem = Problem.parse(JSON.parse(answer.body));
  expect(problem).toMatchObject({ status, code, request_id: answer.headers.get('x-request-id') });
}

it('names the version of the API in every answer, and refuses one that does not exist', async () => {
  for (const path of ['/api/me', '/api/nothing']) {
    const answer = await backend.fetch(path);
    expect(answer.headers.get('saas-codex-version')).toBe(CURRENT_API_VERSION);
  }
  const same = await backend.fetch('/api/me', { headers: { 'saas-codex-version': CURRENT_API_VERSION } });
  expect(same.status).toBe(200);
  const unknown = await backend.fetch('/api/me', { headers: { 'saas-codex-version': '2020-01-01' } });
  const problem = Problem.parse(await unknown.json());
  expect(problem).toMatchObject({ status: 400, code: 'api_version_unknown' });
  expect(problem.detail).toContain(CURRENT_API_VERSION);
});
