import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Problem } from '@saas-codex/contracts/problems';
import { DataSource } from 'typeorm';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';

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
  ['a method that the address does not have', '/api/sessions', { method: 'PUT' }, 404, 'not_found'],
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
    'a NUL character',
    '/api/sessions',
    { method: 'POST', headers: json, body: '{"title":"a\\u0000b"}' },
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
