import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Permission, PERMISSIONS, permissionsOf, ROLES } from '@saas-codex/contracts/permissions';
import type { Presence } from '@saas-codex/contracts/presence';
import { anonymous, type Ids, NOTHING, OPERATIONS } from '@saas-codex/testing/backend/operations';
import { OperationsWorld } from '@saas-codex/testing/backend/operations-world';
import { createPerson, createServiceAccount, type TestPerson } from '@saas-codex/testing/backend/people';
import { openSse } from '@saas-codex/testing/sse-client';

let world: OperationsWorld;
beforeAll(async () => {
  world = await OperationsWorld.start();
});
afterAll(() => world.stop());

it('hands a session over for its owner and for an admin, but for no other member', async () => {
  const [member, admin] = [world.person('member'), world.person('admin')];
  const give = async (as: TestPerson, to: TestPerson) => {
    const path = `/api/sessions/${world.ours.session_id}`;
    const response = await world.send(as.key, 'PATCH', path, { owner_id: to.userId });
    const { owner_id, code } = (await response.json()) as { owner_id?: string; code?: string };
    return [response.status, owner_id ?? code];
  };
  expect(await give(member, member)).toEqual([403, 'forbidden']);
  expect(await give(admin, member)).toEqual([200, member.userId]);
  expect(await give(member, admin)).toEqual([200, admin.userId]);
});

describe('a private session', () => {
  const SECRET = 'Nobody else reads this';
  /** What those who oversee sessions may do with it. */
  const OVERSEEING = ['readSession', 'cancelRun', 'deleteSession'];
  let creator: TestPerson;
  let hidden: Ids;

  const change = (body: object, as = creator.key, ids = hidden) =>
    world.send(as, 'PATCH', `/api/sessions/${ids.session_id}`, body);
  const statusOf = async (id: string, as: Record<string, string>, ids: Ids) =>
    (await world.call(world.operation(id), as, ids))[0];
  const startSession = async (visibility?: 'private'): Promise<Ids> => ({
    ...NOTHING,
    ...(await world.startSession(SECRET, { title: SECRET, ...(visibility && { visibility }) }, creator.key)),
  });
  const events = async (stream: Awaited<ReturnType<typeof openSse>>) => {
    const title = `Seen by all ${randomUUID()}`;
    await change({ title }, world.person('member').key, world.ours);
    return JSON.stringify(await stream.until((all) => all.some(({ data }) => data.includes(title))));
  };

  beforeAll(async () => {
    creator = await createPerson(world.backend, world.tenantId, 'member');
    hidden = await startSession('private');
  });

  it.each(ROLES)('is not found by a person with the role %s, as if it did not exist', async (role) => {
    const oversees = permissionsOf(role).includes('sessions:oversee');
    const { key } = world.person(role);
    const naming = world.operations.filter(
      ({ id, path }) =>
        (/\{(session|run)_id\}/.test(path) || OPERATIONS[id]?.query) &&
        !(oversees && OVERSEEING.includes(id)),
    );
    const before = await world.everything();
    for (const each of naming) {
      const [status, code, text] = await world.call(each, key, hidden);
      const [missingStatus, missingCode, missing] = await world.call(each, key, NOTHING);
      expect([each.id, status, code, anonymous(text, hidden)]).toEqual([
        each.id,
        missingStatus,
        missingCode,
        anonymous(missing, NOTHING),
      ]);
      const isAllowed = permissionsOf(role).includes(OPERATIONS[each.id]?.requires as Permission);
      if (each.path.includes('{')) expect([each.id, status]).toEqual([each.id, isAllowed ? 404 : 403]);
    }
    expect(await world.everything()).toBe(before);
    const words = oversees ? [SECRET, hidden.run_id] : [SECRET, hidden.run_id, hidden.session_id];
    for (const each of world.operations.filter(
      ({ path, method }) => method === 'GET' && !path.includes('{'),
    )) {
      const [, , text] = await world.call(each, key, NOTHING);
      // The audit log names by its id what was done to a private session.
      const told = ['listAudit', 'exportAudit'].includes(each.id) ? [SECRET] : words;
      for (const word of told) expect([each.id, text.includes(word)]).toEqual([each.id, false]);
    }
    const searched = await world.send(
      key,
      'GET',
      `/api/sessions?q=${encodeURIComponent(SECRET.slice(0, 6))}`,
    );
    expect(await searched.json()).toMatchObject({ items: [] });
  });

  it('sends its activities and its runs to nobody else', async () => {
    const watch = (as: TestPerson) =>
      openSse(`${world.backend.url}/api/events?after=0&runs=${hidden.run_id}`, { headers: as.key });
    const [own, ...others] = await Promise.all(
      [creator, ...ROLES.map((role) => world.person(role))].map(watch),
    );
    for (const stream of others) await stream.until((all) => all.some(({ event }) => event === 'run.error'));
    await change({ title: `${SECRET}!` });
    await own?.until((all) => all.some(({ data }) => data.includes(`${SECRET}!`)));
    for (const stream of others) {
      const seen = await events(stream);
      expect(seen).not.toContain(SECRET);
      expect(seen).not.toContain(hidden.session_id);
      stream.close();
    }
    own?.close();
  });

  it('shows its creator everything, by cookie and by key', async () => {
    for (const as of [creator.cookie, creator.key]) {
      const [, , session] = await world.call(world.operation('readSession'), as, hidden);
      expect(JSON.parse(session)).toMatchObject({
        title: expect.stringContaining(SECRET),
        visibility: 'private',
        owner_id: creator.userId,
      });
      expect((await world.call(world.operation('readRun'), as, hidden))[2]).toContain(SECRET);
      expect((await world.call(world.operation('listSessions'), as, hidden))[2]).toContain(SECRET);
      expect((await world.call(world.operation('listAllRuns'), as, hidden))[2]).toContain(SECRET);
    }
  });

  it('is watched by its owner alone, also by those who did when it was for all', async () => {
    const ids = await startSession();
    await world.call(world.operation('cancelRun'), creator.key, ids);
    const watchers = async (as: TestPerson) => {
      const [, , presence] = await world.call(world.operation('announcePresence'), as.key, ids);
      return (JSON.parse(presence) as Presence).watchers.map(({ user_id: id }) => id);
    };
    expect(await watchers(world.person('member'))).toEqual([world.person('member').userId]);
    expect(await watchers(creator)).toEqual([world.person('member').userId, creator.userId]);
    expect((await change({ visibility: 'private' }, creator.key, ids)).status).toBe(200);
    expect(await watchers(creator)).toEqual([creator.userId]);
  });

  it('lets an admin stop its run and delete it, without a word of what is in it', async () => {
    const { key } = world.person('admin');
    const ids = await startSession('private');
    const [status, , session] = await world.call(world.operation('readSession'), key, ids);
    const told = (text: string) =>
      Object.entries(JSON.parse(text) as object).flatMap(([name, value]) =>
        value === null || value === '' || name === 'active_run_id' || name === 'ended_at' ? [] : name,
      );
    expect([status, JSON.parse(session)]).toMatchObject([
      200,
      { title: 'Private session', owner_id: creator.userId, network: { mode: 'off' } },
    ]);
    const always = ['session_id', 'status', 'created_at'];
    expect(told(session).toSorted()).toEqual(
      [...always, 'title', 'owner_id', 'visibility', 'network', 'queued_runs', 'updated_at'].toSorted(),
    );
    const [stopped, , run] = await world.call(world.operation('cancelRun'), key, ids);
    expect([stopped, JSON.parse(run)]).toMatchObject([202, { run_id: ids.run_id, prompt: '' }]);
    expect(told(run).toSorted()).toEqual([...always, 'run_id', 'kind', 'cancelled_by'].toSorted());
    expect(session + run).not.toContain(SECRET);
    expect(await statusOf('deleteSession', key, ids)).toBe(204);
    expect(await statusOf('readSession', creator.key, ids)).toBe(404);
  });

  it('goes over to the member to whom its owner gives it, and remains private', async () => {
    const ids = await startSession('private');
    const [heir, owner] = [world.person('member'), world.person('owner')];
    const give = (as: TestPerson, to: TestPerson | string) =>
      change({ owner_id: typeof to === 'string' ? to : to.userId }, as.key, ids);
    const answer = async (response: Response) => [response.status, (await response.json()) as object];
    expect(await answer(await give(creator, heir))).toMatchObject([409, { code: 'session_busy' }]);
    await world.call(world.operation('cancelRun'), creator.key, ids);
    expect(await answer(await give(creator, 'nobody'))).toMatchObject([404, { code: 'member_not_found' }]);
    expect(await answer(await give(creator, world.person('viewer')))).toMatchObject([
      400,
      { code: 'invalid_request' },
    ]);
    expect(await answer(await give(owner, owner))).toMatchObject([404, { code: 'session_not_found' }]);
    const [mine, heirs] = await Promise.all(
      [creator, heir].map((as) => openSse(`${world.backend.url}/api/events`, { headers: as.key })),
    );
    const outline = { title: 'Private session', owner_id: heir.userId, visibility: 'private' };
    expect(await answer(await give(creator, heir))).toMatchObject([200, outline]);
    expect(await statusOf('readSession', creator.key, ids)).toBe(404);
    expect(await statusOf('readRun', creator.key, ids)).toBe(404);
    const [, , session] = await world.call(world.operation('readSession'), heir.key, ids);
    expect(JSON.parse(session)).toMatchObject({ title: SECRET, owner_id: heir.userId });
    await mine?.until((all) => all.some(({ event }) => event === 'session.hidden'));
    await heirs?.until((all) => all.some(({ data }) => data.includes(SECRET)));
    expect(await events(mine as NonNullable<typeof mine>)).not.toContain(SECRET);
    for (const stream of [mine, heirs]) stream?.close();
  });

  it('does not exist for a key of an admin without that scope', async () => {
    const scopes = PERMISSIONS.filter((permission) => permission !== 'sessions:oversee');
    const key = await world.createKey(world.person('admin'), scopes);
    for (const id of OVERSEEING) expect([id, await statusOf(id, key, hidden)]).toEqual([id, 404]);
  });

  it('does not exist for a service account', async () => {
    const { key } = await createServiceAccount(world.backend, world.tenantId, 'member');
    for (const id of [...OVERSEEING, 'readRun'])
      expect([id, await statusOf(id, key, hidden)]).toEqual([id, 404]);
    expect((await world.call(world.operation('listSessions'), key, hidden))[2]).not.toContain(
      hidden.session_id,
    );
  });

  it('begins when its creator says so and no run is open, and ends when its creator says so', async () => {
    const ids = await startSession();
    const stream = await openSse(`${world.backend.url}/api/events`, { headers: world.person('member').key });
    const refused = await change({ visibility: 'private' }, world.person('owner').key, ids);
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'forbidden' }]);
    const busy = await change({ visibility: 'private' }, creator.key, ids);
    expect([busy.status, await busy.json()]).toMatchObject([409, { code: 'session_busy' }]);
    await world.call(world.operation('cancelRun'), creator.key, ids);
    const changed = await change({ visibility: 'private' }, creator.key, ids);
    expect([changed.status, await changed.json()]).toMatchObject([200, { visibility: 'private' }]);
    expect(await statusOf('readSession', world.person('member').key, ids)).toBe(404);
    expect(await statusOf('readRun', world.person('member').key, ids)).toBe(404);
    await stream.until((all) =>
      all.some(({ event, data }) => event === 'session.hidden' && data.includes(ids.session_id)),
    );
    await change({ visibility: 'tenant' }, creator.key, ids);
    expect((await world.call(world.operation('readRun'), world.person('member').key, ids))[2]).toContain(
      SECRET,
    );
    stream.close();
  });
});
