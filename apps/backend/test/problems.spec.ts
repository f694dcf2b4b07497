import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Problem } from '@saas-codex/contracts/problems';
import type { Session } from '@saas-codex/contracts/sessions';
import { DataSource } from 'typeorm';
import { sendRaw } from '@saas-codex/testing/gateway/gateway';
import { waitFor } from '@saas-codex/testing/wait-for';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, createTenant } from '@saas-codex/testing/backend/people';

let backend: TestBackend;
beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.stop());

const json = { 'content-type': 'application/json' };
const cursor = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url');
const UUID = '0192f5a0-0000-7000-8000-000000000000';

it.each<[string, string, RequestInit, number, string]>([
  ['an unknown address', '/api/nope', {}, 404, 'not_found'],
  ['a method that the address does not have', '/api/sessions', { method: 'PUT' }, 405, 'method_not_allowed'],
  ['text for a JSON answer', '/api/me', { headers: { accept: 'text/html' } }, 406, 'not_acceptable'],
  [
    'JSON for an event stream',
    '/api/events',
    { headers: { accept: 'application/json, text/event-stream;q=0' } },
    406,
    'not_acceptable',
  ],
  [
    'an event stream for a write',
    '/api/sessions',
    { method: 'POST', headers: { accept: 'text/event-stream' } },
    406,
    'not_acceptable',
  ],
  [
    'broken JSON',
    '/api/sessions',
    { method: 'POST', headers: json, body: '{"title":' },
    400,
    'invalid_request',
  ],
  [
    'JSON that is not an object',
    '/api/sessions',
    { method: 'POST', headers: json, body: '"x"' },
    400,
    'invalid_request',
  ],
  [
    'an unknown field',
    '/api/sessions',
    { method: 'POST', headers: json, body: '{"x":1}' },
    400,
    'invalid_request',
  ],
  ['an invalid id', '/api/sessions/1', {}, 400, 'invalid_request'],
  ['a session that does not exist', `/api/sessions/${UUID}`, {}, 404, 'session_not_found'],
  [
    'a well-formed cursor that was never issued',
    `/api/sessions?cursor=${cursor(['0000-01-01T00:00:00Z', UUID])}`,
    {},
    400,
    'invalid_cursor',
  ],
  [
    'a time with too many digits',
    `/api/runs?created_after=2026-01-01T00:00:00.${'0'.repeat(200)}Z`,
    {},
    400,
    'invalid_request',
  ],
  [
    'a NUL character',
    '/api/sessions',
    { method: 'POST', headers: json, body: '{"title":"a\\u0000b"}' },
    400,
    'invalid_request',
  ],
  [
    'a body that is nested without end',
    '/api/sessions',
    {
      method: 'POST',
      headers: { ...json, 'idempotency-key': 'deep' },
      body: `{"title":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
    },
    400,
    'invalid_request',
  ],
  ['a bad page size', '/api/sessions?limit=0', {}, 400, 'invalid_request'],
  [
    'text instead of JSON',
    '/api/sessions',
    { method: 'POST', body: 'title=x' },
    415,
    'unsupported_media_type',
  ],
  [
    'a form',
    '/api/sessions',
    { method: 'POST', body: new URLSearchParams({ title: 'x' }) },
    415,
    'unsupported_media_type',
  ],
  [
    'a body above 1 MB',
    '/api/sessions',
    { method: 'POST', headers: json, body: JSON.stringify({ title: 'x'.repeat(1_100_000) }) },
    413,
    'payload_too_large',
  ],
])('answers %s with a problem document', async (_, path, init, status, code) => {
  const response = await backend.fetch(path, init);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const problem = Problem.parse(await response.json());
  expect(problem).toMatchObject({ status, code, instance: path.split('?')[0] });
  expect(response.status).toBe(status);
  expect(problem.request_id).toBe(response.headers.get('x-request-id'));
});

it.each([
  '/api/sessions',
  '/api/runs',
  '/api/members',
  '/api/invitations',
  '/api/tenants',
  '/api/api-keys',
  '/api/me/sign-ins',
])('refuses at %s a cursor that Postgres could not read', async (path) => {
  const { cookie } = await createPerson(backend, await createTenant(backend, 'Acme'), 'owner');
  for (const key of [
    ['0000-01-01T00:00:00Z', UUID],
    ['2026-01-01T00:00:00Z', '\0'],
    [`2026-01-01T00:00:00.${'0'.repeat(115)}Z`, ''],
  ]) {
    const response = await fetch(`${backend.url}${path}?cursor=${cursor(key)}`, { headers: cookie });
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'invalid_cursor' }]);
  }
});

it('lists every error in a body', async () => {
  const response = await backend.post('/api/sessions', { title: '', model: '--help' });
  const problem = Problem.parse(await response.json());
  expect(problem.errors?.map(({ path }) => path).toSorted()).toEqual(['/model', '/title']);
});

it('reveals no internals when something breaks', async () => {
  const dataSource = backend.app.get(DataSource);
  await dataSource.query('ALTER TABLE sessions RENAME TO sessions_away');
  const response = await backend.fetch(`/api/sessions/${UUID}`);
  await dataSource.query('ALTER TABLE sessions_away RENAME TO sessions');
  const text = await response.text();
  expect(response.status).toBe(500);
  expect(text).not.toMatch(/sessions_away|relation|select|stack|\.ts/i);
});

it('reports that the runner is unavailable', async () => {
  const response = await backend.fetch('/api/system');
  expect(Problem.parse(await response.json())).toMatchObject({ status: 503, code: 'runner_unavailable' });
});

it('names the methods of an address', async () => {
  for (const [path, method, allow] of [
    ['/api/sessions', 'DELETE', 'GET, HEAD, POST'],
    [`/API/sessions/${UUID}/`, 'POST', 'DELETE, GET, HEAD, PATCH'],
    [`/api/sessions/${UUID}/prompt`, 'GET', 'POST'],
    ['/health', 'OPTIONS', 'GET, HEAD'],
  ] as const) {
    const answer = await backend.fetch(path, { method });
    expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, allow]);
  }
});

it.each(['application/json', 'application/*', '*/*', 'text/html;q=0.9, */*;q=0.1'])(
  'answers a request that accepts %s',
  async (accept) => {
    expect((await backend.fetch('/api/me', { headers: { accept } })).status).toBe(200);
  },
);

describe('a session that was changed since it was read', () => {
  it('is neither changed nor deleted by a request that names the tag of what was read', async () => {
    const created = await backend.post('/api/sessions', {}, { prefer: 'respond-async' });
    const { session_id: id } = (await created.json()) as { session_id: string };
    const path = `/api/sessions/${id}`;
    const read = () => backend.fetch(path);
    const tagOf = (answer: Response) => answer.headers.get('etag') ?? '';
    const patch = (title: string, ifMatch: string) =>
      backend.fetch(path, {
        method: 'PATCH',
        headers: { ...json, 'if-match': ifMatch },
        body: JSON.stringify({ title }),
      });
    // The runner is away: once the session has its first commit, nothing but this spec changes it.
    await waitFor(async () => ((await (await read()).json()) as Session).base_commit);
    await backend.fetch(path, { method: 'PATCH', headers: json, body: '{"title":"First"}' });
    const tag = tagOf(await read());
    expect(tag).toMatch(/^"[\w-]+"$/);
    // fetch would add `Cache-Control: no-cache`.
    const headers = { authorization: `Bearer ${backend.ownerToken}`, 'if-none-match': tag };
    const unchanged = await sendRaw(backend.url + path, { headers });
    expect(unchanged.status).toBe(304);

    for (const other of ['"stale"', `W/${tag}`, '"a", "b"']) {
      const refused = await patch('Lost', other);
      expect(Problem.parse(await refused.json())).toMatchObject({ status: 412, code: 'precondition_failed' });
    }
    expect((await patch('Lost', 'no tag')).status).toBe(400);
    expect(tagOf(await read())).toBe(tag);

    const changed = await patch('Second', `"other", ${tag}`);
    expect(changed.status).toBe(200);
    expect(tagOf(changed)).toBe(tagOf(await read()));
    expect((await patch('Third', tag)).status).toBe(412);
    expect((await patch('Third', '*')).status).toBe(200);

    const remove = (ifMatch: string) =>
      backend.fetch(path, { method: 'DELETE', headers: { 'if-match': ifMatch } });
    expect((await remove(tag)).status).toBe(412);
    expect((await remove(tagOf(await read()))).status).toBe(204);
  });
});
