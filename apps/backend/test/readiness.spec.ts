import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { waitFor } from '@saas-codex/testing/wait-for';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';

let redis: TestRedis;
let backend: TestBackend;
beforeAll(async () => {
  redis = await startRedis();
  backend = await startBackend({ REDIS_URL: redis.url });
});
afterAll(async () => {
  await backend.stop();
  await redis.stop();
});

/** Sends no credential, like a probe. */
async function ready() {
  const response = await fetch(`${backend.url}/ready`);
  const { status, checks } = (await response.json()) as {
    status: string;
    checks: { name: string; ready: boolean; reason: string | null }[];
  };
  const missing = checks.filter((check) => !check.ready).map(({ name, reason }) => `${name}: ${reason}`);
  return { code: response.status, status, names: checks.map(({ name }) => name), missing };
}

const becomes = (missing: string[]) =>
  waitFor(async () => {
    const answer = await ready();
    return answer.missing.join() === missing.join() ? answer : null;
  });

it('is ready when Postgres, its schema and Redis are available', async () => {
  expect(await ready()).toEqual({
    code: 200,
    status: 'ready',
    names: ['postgres', 'migrations', 'redis'],
    missing: [],
  });
});

it('says that Redis does not answer, stays alive, and is ready again when it does', async () => {
  const operator = new Redis(redis.url);
  await operator.acl('SETUSER', 'default', '-ping');
  expect(await becomes(['redis: Redis does not answer.'])).toMatchObject({ code: 503, status: 'not_ready' });
  expect((await fetch(`${backend.url}/health`)).status).toBe(200);
  await operator.acl('SETUSER', 'default', '+ping');
  expect(await becomes([])).toMatchObject({ code: 200, status: 'ready' });
  operator.disconnect();
});

it('says that the schema is older than the program', async () => {
  await backend.app
    .get(DataSource)
    .query('DELETE FROM migrations WHERE id = (SELECT max(id) FROM migrations)');
  const { missing } = await waitFor(async () => {
    const answer = await ready();
    return answer.code === 503 ? answer : null;
  });
  expect(missing).toEqual([expect.stringMatching(/^migrations: The schema is older than this backend\./)]);
});
