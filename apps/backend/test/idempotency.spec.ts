import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HEADERS } from '@saas-codex/contracts/http';
import { DataSource } from 'typeorm';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { waitFor } from '@saas-codex/testing/wait-for';
import { IdempotencyExpiry } from '../src/api/idempotency/idempotency-expiry.js';

let backend: TestBackend;
let key: string;
let made = 0;
beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.stop());
beforeEach(() => {
  made += 1;
  key = `key-${made}`;
});

const sql = <T>(statement: string) => backend.app.get(DataSource).query<T[]>(statement);

/** Creates a session named after the key, without waiting until it is set up. */
const create = (body: object = { title: key }, withKey = key) =>
  backend.post('/api/sessions', body, {
    [HEADERS.idempotencyKey]: withKey,
    [HEADERS.prefer]: 'respond-async',
  });
const read = async (response: Response) =>
  (await response.json()) as { session_id: string; code: string; request_id?: string };

async function sessionsMade(): Promise<number> {
  const [row] = await sql<{ count: number }>(`SELECT count(*)::int FROM sessions WHERE title = '${key}'`);
  return row?.count ?? 0;
}

describe('a repeated key', () => {
  it('gets the same answer and has no further effect', async () => {
    const first = await create();
    const second = await create();
    expect([first.status, second.status]).toEqual([201, 201]);
    const names = ['idempotent-replayed', 'location', 'preference-applied'];
    const [ofFirst, ofSecond] = [first, second].map(({ headers }) => names.map((name) => headers.get(name)));
    const { session_id: id } = await read(first.clone());
    expect(ofFirst).toEqual([null, `/api/sessions/${id}`, 'respond-async']);
    expect(ofSecond).toEqual(['true', `/api/sessions/${id}`, null]);
    expect(await read(second)).toEqual(await read(first));
    expect(await sessionsMade()).toBe(1);
  });

  it('has one effect when 50 requests arrive at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => create()));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set((await Promise.all(answers.map(read))).map(({ session_id }) => session_id)).size).toBe(1);
    expect(await sessionsMade()).toBe(1);
  });

  it('gets the same refusal, too', async () => {
    const body = { repo_url: 'file:///etc' };
    const [first, second] = [await create(body), await create(body)];
    expect([first.status, second.status]).toEqual([400, 400]);
    expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    expect((await read(second)).code).toBe((await read(first)).code);
  });

  it('is refused with another body or path', async () => {
    await create();
    const otherBody = await create({ title: 'other' });
    expect([otherBody.status, (await read(otherBody)).code]).toEqual([422, 'idempotency_key_reused']);
    const otherAddress = await backend.post('/api/auth/sign-out', {}, { [HEADERS.idempotencyKey]: key });
    expect([otherAddress.status, (await read(otherAddress)).code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('can be used again after a failure on our side', async () => {
    await sql('ALTER TABLE sessions RENAME TO sessions_away');
    const failed = await create();
    await sql('ALTER TABLE sessions_away RENAME TO sessions');
    expect([failed.status, (await read(failed)).code]).toEqual([500, 'internal_error']);
    expect((await create()).status).toBe(201);
    expect(await sessionsMade()).toBe(1);
  });

  it('expires after a day', async () => {
    await create();
    await sql(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = '${key}'`);
    expect((await create()).status).toBe(201);
    expect(await sessionsMade()).toBe(2);
  });

  it('is removed once it has expired, and not before', async () => {
    await create();
    await create({ title: key }, `${key}-young`);
    await sql(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = '${key}'`);
    const kept = () => sql(`SELECT key FROM idempotency_keys WHERE key LIKE '${key}%'`);
    await backend.app.get(IdempotencyExpiry).scanNow();
    await waitFor(async () => (await kept()).length === 1);
    expect(await kept()).toEqual([{ key: `${key}-young` }]);
  });

  it('gets the same answer after a restart', async () => {
    const first = await read(await create());
    const { DATABASE_URL, REDIS_URL, OWNER_TOKEN_FILE } = backend.config;
    const restarted = await startBackend({ DATABASE_URL, REDIS_URL, OWNER_TOKEN_FILE });
    try {
      const again = await restarted.post('/api/sessions', { title: key }, { [HEADERS.idempotencyKey]: key });
      expect(await read(again)).toEqual(first);
    } finally {
      await restarted.stop();
    }
  });
});

describe('a key whose first request has no answer yet', () => {
  const unanswer = (claimedAt: string) =>
    sql(`UPDATE idempotency_keys SET answer = NULL, claimed_at = ${claimedAt} WHERE key = '${key}'`);

  it('is in progress while its process works on it', async () => {
    await create();
    await unanswer("now() + interval '1 hour'");
    const answer = await create();
    expect([answer.status, (await read(answer)).code]).toEqual([409, 'idempotency_in_progress']);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('is taken over once when its process has crashed', async () => {
    const { session_id } = await read(await create());
    await unanswer("now() - interval '1 minute'");
    const answers = await Promise.all(Array.from({ length: 10 }, () => create()));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const ids = (await Promise.all(answers.map(read))).map((answer) => answer.session_id);
    expect(new Set(ids)).toEqual(new Set([session_id]));
    expect(await sessionsMade()).toBe(1);
  });

  it('finds the prompt that the crashed process has queued', async () => {
    const { session_id } = await read(await create());
    const prompt = async () => {
      const path = `/api/sessions/${session_id}/prompt`;
      const headers = { [HEADERS.idempotencyKey]: `${key}-prompt` };
      const answer = await backend.post(path, { prompt: 'Hello' }, headers);
      return [answer.status, ((await answer.json()) as { run_id: string }).run_id];
    };
    const first = await prompt();
    await sql(`UPDATE idempotency_keys SET answer = NULL, claimed_at = 'epoch' WHERE key = '${key}-prompt'`);
    expect(await prompt()).toEqual(first);
    const runs = await sql<{ id: string }>(`SELECT id FROM runs WHERE session_id = '${session_id}'`);
    expect(runs).toEqual([{ id: first[1] }]);
  });
});

it.each(['with space', 'a'.repeat(201)])('refuses the key %j', async (bad) => {
  const answer = await create({ title: key }, bad);
  expect([answer.status, (await read(answer)).code]).toEqual([400, 'invalid_request']);
  expect(await sessionsMade()).toBe(0);
});

it.each([{ '\0': 1 }, { '\ud800': 1 }, { title: '\ud800' }])(
  'gives every attempt with a body that no store can hold the same answer: %j',
  async (body) => {
    const answers = [];
    for (let n = 0; n < 3; n += 1) {
      const { request_id: _, ...problem } = await read(await create(body));
      answers.push(problem);
    }
    expect(answers[0]).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(answers).toEqual([answers[0], answers[0], answers[0]]);
  },
);
