import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MAX_WATCHERS, type Presence } from '@saas-codex/contracts/presence';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Run } from '@saas-codex/contracts/runs';
import type { Redis } from 'ioredis';
import { OperationsWorld } from '@saas-codex/testing/backend/operations-world';
import { signIn, type TestPerson } from '@saas-codex/testing/backend/people';
import { openSse } from '@saas-codex/testing/sse-client';
import { REDIS } from '../src/redis.module.js';

let world: OperationsWorld;
beforeAll(async () => {
  world = await OperationsWorld.start();
});
afterAll(() => world.stop());

it('names who wrote a prompt and who stopped it, as they were called then', async () => {
  const [member, admin] = [world.person('member'), world.person('admin')];
  const send = async (as: Record<string, string>, path: string, body: object) =>
    (await (await world.send(as, 'POST', path, body)).json()) as Run;
  const nameOf = async ({ userId }: TestPerson) =>
    (await world.sql<{ name: string }>('SELECT name FROM users WHERE id = $1', [userId]))[0]?.name;
  const path = `/api/sessions/${world.ours.session_id}/prompt`;
  const run = await send(await signIn(world.backend, member.email), path, { prompt: 'By hand' });
  const ofMember = { kind: 'person', id: member.userId, name: await nameOf(member) };
  expect(run).toMatchObject({ created_by: ofMember, cancelled_by: null });
  await world.sql(`UPDATE users SET name = 'Renamed' WHERE id = $1`, [member.userId]);
  const stopped = await send(admin.key, `/api/runs/${run.run_id}/cancel`, {});
  const ofKey = { kind: 'api_key', id: admin.userId, name: await nameOf(admin), key_name: 'spec' };
  expect(stopped).toMatchObject({ created_by: ofMember, cancelled_by: ofKey });
  const byKey = await send(member.key, path, { prompt: 'By a program' });
  expect(byKey.created_by).toEqual({
    kind: 'api_key',
    id: member.userId,
    name: 'Renamed',
    key_name: 'spec',
  });
  await send(member.key, `/api/runs/${byKey.run_id}/cancel`, {});
});

it('says who watches a session, live, to those who see it', async () => {
  const [viewer, admin] = [world.person('viewer'), world.person('admin')];
  const path = `/api/sessions/${world.ours.session_id}/presence`;
  const send = (as: TestPerson, method: string) => world.send(as.key, method, path);
  const watchers = async (response: Promise<Response>) =>
    ((await (await response).json()) as Presence).watchers.map(({ user_id: id }) => id);
  const redis = world.backend.app.get<Redis>(REDIS);
  const key = REDIS_KEYS.presence(world.tenantId, world.ours.session_id);
  await redis.del(key);
  const stream = await openSse(`${world.backend.url}/api/events`, { headers: admin.key });
  const told = (count: number) =>
    stream.until((all) => all.filter(({ event }) => event === 'session.presence').length === count);

  expect(await watchers(send(viewer, 'PUT'))).toEqual([viewer.userId]);
  expect(await watchers(send(viewer, 'PUT'))).toEqual([viewer.userId]);
  expect(await watchers(send(admin, 'PUT'))).toEqual([viewer.userId, admin.userId]);
  expect(await watchers(send(world.person('member'), 'GET'))).toEqual([viewer.userId, admin.userId]);
  expect((await send(viewer, 'DELETE')).status).toBe(204);
  expect(await watchers(send(viewer, 'GET'))).toEqual([admin.userId]);
  const lists = (await told(3))
    .filter(({ event }) => event === 'session.presence')
    .map(({ data }) => (JSON.parse(data) as Presence).watchers.map(({ user_id: id }) => id));
  expect(lists).toEqual([[viewer.userId], [viewer.userId, admin.userId], [admin.userId]]);
  stream.close();

  expect(await redis.pttl(key)).toBeGreaterThan(0);
  const [watcher = ''] = await redis.zrange(key, 0, '-1');
  await redis.zadd(key, Date.now() - 1, watcher);
  expect(await watchers(send(viewer, 'GET'))).toEqual([]);
  await redis.zadd(
    key,
    ...Array.from({ length: MAX_WATCHERS }, (_, at) => [Date.now() + 60_000 + at, `${at}`]).flat(),
  );
  await send(viewer, 'PUT');
  expect(await redis.zcard(key)).toBe(MAX_WATCHERS);
  await redis.del(key);
});
