import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Session } from '@saas-codex/contracts/sessions';
import { SCIM_SCHEMAS, type ScimUser, type ScimUserList } from '@saas-codex/contracts/scim';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import {
  createPerson,
  createServiceAccount,
  createTenant,
  type TestPerson,
} from '@saas-codex/testing/backend/people';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';

const SCIM = 'application/scim+json';

let backend: TestBackend;
/** The tenant of the directory, and another one. */
let tenantId: string;
let otherTenant: string;
/** Of a service account that is an admin. */
let directory: Record<string, string>;
beforeAll(async () => {
  backend = await startBackend();
  tenantId = await createTenant(backend, 'Company');
  otherTenant = await createTenant(backend, 'Elsewhere');
  await createPerson(backend, tenantId, 'owner');
  directory = (await createServiceAccount(backend, tenantId, 'admin')).key;
});
afterAll(() => backend.stop());

const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);
async function send<T = ScimUser>(method: string, path: string, body?: object, as = directory, type = SCIM) {
  const answer = await fetch(`${backend.url}/api/scim/v2/${path}`, {
    method,
    headers: { ...as, accept: type, ...(body && { 'content-type': type }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    type: answer.headers.get('content-type') ?? '',
    location: answer.headers.get('location'),
    body: (text === '' ? null : JSON.parse(text)) as T,
  };
}
const find = async (filter: string) =>
  (await send<ScimUserList>('GET', `Users?filter=${encodeURIComponent(filter)}`)).body;
const setActive = (id: string, value: unknown, as = directory) =>
  send(
    'PATCH',
    `Users/${id}`,
    { schemas: [SCIM_SCHEMAS.patch], Operations: [{ op: 'replace', path: 'active', value }] },
    as,
  );
const statusOf = async (as: Record<string, string>) =>
  (await fetch(`${backend.url}/api/me`, { headers: as })).status;
const address = () => `${randomUUID()}@example.org`;
const membersNow = (userId: string) =>
  sql<{ tenant_id: string; role: string }>('SELECT tenant_id, role FROM members WHERE user_id = $1', [
    userId,
  ]);

/** Somebody of this tenant who also belongs to the other one. */
async function colleague(role: 'admin' | 'member' | 'viewer' = 'member'): Promise<TestPerson> {
  const person = await createPerson(backend, tenantId, role);
  await sql(
    `INSERT INTO members (id, tenant_id, user_id, role, created_at) VALUES (gen_random_uuid(), $1, $2, 'viewer', now())`,
    [otherTenant, person.userId],
  );
  return person;
}

describe('a directory', () => {
  it('finds members by their address, in messages of the standard', async () => {
    const { userId, email } = await colleague();
    const found = await send<ScimUserList>(
      'GET',
      `Users?filter=${encodeURIComponent(`userName eq "${email.toUpperCase()}"`)}`,
    );
    expect([found.status, found.type]).toEqual([200, `${SCIM}; charset=utf-8`]);
    expect(found.body).toEqual({
      schemas: [SCIM_SCHEMAS.list],
      totalResults: 1,
      startIndex: 1,
      itemsPerPage: 1,
      Resources: [
        {
          schemas: [SCIM_SCHEMAS.user],
          id: userId,
          userName: email,
          displayName: 'The member',
          emails: [{ value: email, primary: true }],
          active: true,
          meta: {
            resourceType: 'User',
            created: expect.any(String),
            location: `${backend.config.PUBLIC_URL}/api/scim/v2/Users/${userId}`,
          },
        },
      ],
    });
    expect((await send('GET', `Users/${userId}`)).body).toEqual(found.body.Resources[0]);
    const others = await createPerson(backend, otherTenant, 'member');
    expect((await find(`userName eq "${others.email}"`)).totalResults).toBe(0);
    expect((await send('GET', `Users/${others.userId}`)).status).toBe(404);
  });

  it('reads what it can do here, as plain JSON too, and pages', async () => {
    const configuration = await send<Record<string, { supported: boolean }>>(
      'GET',
      'ServiceProviderConfig',
      undefined,
      directory,
      'application/json',
    );
    expect(configuration.body).toMatchObject({
      schemas: [SCIM_SCHEMAS.configuration],
      patch: { supported: true },
      bulk: { supported: false },
    });
    for (const [path, id] of [
      ['ResourceTypes', 'User'],
      ['Schemas', SCIM_SCHEMAS.user],
    ] as const) {
      expect((await send<{ Resources: object[] }>('GET', path)).body.Resources).toMatchObject([{ id }]);
    }
    await Promise.all([colleague(), colleague()]);
    const all = (await send<ScimUserList>('GET', 'Users')).body;
    const page = (await send<ScimUserList>('GET', 'Users?startIndex=2&count=1')).body;
    expect(page).toMatchObject({ totalResults: all.totalResults, startIndex: 2, itemsPerPage: 1 });
    expect(page.Resources).toEqual([all.Resources[1]]);
    expect((await send<ScimUserList>('GET', 'Users?startIndex=-5&count=0')).body).toMatchObject({
      totalResults: all.totalResults,
      startIndex: 1,
      Resources: [],
    });
    expect((await send<ScimUserList>('GET', 'Users?startIndex=100000')).body).toMatchObject({
      totalResults: all.totalResults,
      Resources: [],
    });
  });

  it.each<[string, (id: string) => Promise<{ status: number }>]>([
    ['a patch with a path', (id) => setActive(id, false)],
    [
      'a patch as Okta sends it',
      (id) =>
        send('PATCH', `Users/${id}`, {
          schemas: [SCIM_SCHEMAS.patch],
          Operations: [{ op: 'replace', value: { active: false } }],
        }),
    ],
    [
      'a patch as Entra ID sends it',
      (id) =>
        send('PATCH', `Users/${id}`, {
          schemas: [SCIM_SCHEMAS.patch],
          Operations: [
            { op: 'Replace', path: 'displayName', value: 'Somebody' },
            { op: 'Replace', path: 'active', value: 'False' },
          ],
        }),
    ],
    [
      'PUT',
      (id) =>
        send('PUT', `Users/${id}`, {
          schemas: [SCIM_SCHEMAS.user],
          userName: 'new@example.org',
          active: false,
        }),
    ],
    ['DELETE', (id) => send('DELETE', `Users/${id}`)],
  ])(
    'removes somebody who has left by %s: from this tenant, with keys and streams, and sessions stay',
    async (_, remove) => {
      const person = await colleague();
      const made = await fetch(`${backend.url}/api/sessions`, {
        method: 'POST',
        headers: { ...person.key, 'content-type': 'application/json', prefer: 'respond-async' },
        body: '{}',
      });
      const { session_id } = (await made.json()) as Session;
      const stream = await openSse(`${backend.url}/api/events`, { headers: person.key });
      expect((await remove(person.userId)).status).toBeLessThan(300);
      expect(await statusOf(person.key)).toBe(401);
      expect(await sql('SELECT FROM api_keys WHERE id = $1', [person.keyId])).toEqual([]);
      await waitFor(() => stream.closed(), { what: 'the end of the stream' });
      expect(await membersNow(person.userId)).toEqual([{ tenant_id: otherTenant, role: 'viewer' }]);
      expect(
        await sql('SELECT FROM sessions WHERE id = $1 AND deleted_at IS NULL', [session_id]),
      ).toHaveLength(1);
      expect(await sql('SELECT email, name FROM users WHERE id = $1', [person.userId])).toEqual([
        { email: person.email, name: 'The member' },
      ]);
    },
  );

  it('still finds whom it has removed, and brings them back with no more rights than a member', async () => {
    const { userId, email, cookie } = await colleague('admin');
    const removed = await setActive(userId, 'FALSE');
    expect(removed.body).toMatchObject({ id: userId, userName: email, active: false });
    expect((await find(`userName eq "${email}"`)).Resources).toEqual([removed.body]);
    // What happens to the account elsewhere is no affair of this tenant.
    await sql(`UPDATE users SET name = 'Renamed', email = $1 WHERE id = $2`, [address(), userId]);
    expect((await send('GET', `Users/${userId}`)).body).toEqual(removed.body);

    expect((await setActive(userId, true)).body).toMatchObject({ id: userId, active: true });
    expect(await membersNow(userId)).toContainEqual({ tenant_id: tenantId, role: 'member' });
    expect(await statusOf(cookie)).toBe(200);
    const once = await setActive(userId, true);
    expect([once.status, (await membersNow(userId)).length]).toEqual([200, 2]);
    await send('DELETE', `Users/${userId}`);
    expect((await send('GET', `Users/${userId}`)).status).toBe(404);
    expect((await setActive(userId, true)).status).toBe(404);
  });

  it('expects somebody without making an account, and knows them once they have joined', async () => {
    const userName = address();
    const before = await sql('SELECT FROM users');
    const made = await send('POST', 'Users', {
      schemas: [SCIM_SCHEMAS.user],
      userName: userName.toUpperCase(),
      externalId: '00u1',
      name: { givenName: 'Ada', familyName: 'L' },
      displayName: 'Ada L',
      active: 'True',
      groups: [],
    });
    expect(made).toMatchObject({ status: 201, location: made.body.meta.location });
    expect(made.body).toMatchObject({ userName, externalId: '00u1', displayName: 'Ada L', active: true });
    expect(await sql('SELECT FROM users')).toHaveLength(before.length);
    expect((await find('externalId eq "00u1"')).Resources).toEqual([made.body]);

    const again = await send<object>('POST', 'Users', { userName });
    expect([again.status, again.body]).toMatchObject([409, { scimType: 'uniqueness', status: '409' }]);

    const joined = await createPerson(backend, tenantId, 'viewer');
    await sql('UPDATE users SET email = $1 WHERE id = $2', [userName, joined.userId]);
    const [known] = (await find(`userName eq "${userName}"`)).Resources;
    expect(known).toMatchObject({
      id: made.body.id,
      externalId: '00u1',
      displayName: 'The viewer',
      active: true,
    });
    await setActive(made.body.id, false);
    expect(await membersNow(joined.userId)).toEqual([]);
    await setActive(made.body.id, true);
    expect(await membersNow(joined.userId)).toEqual([{ tenant_id: tenantId, role: 'viewer' }]);
  });

  it('says the same of an address that has an account elsewhere as of one that has none', async () => {
    const elsewhere = await createPerson(backend, otherTenant, 'member');
    const told = await Promise.all(
      [elsewhere.email, address()].map(async (userName) => {
        const { status, body } = await send('POST', 'Users', { userName });
        return [status, Object.keys(body), body.displayName === userName, body.active];
      }),
    );
    expect(told[0]).toEqual(told[1]);
    expect(await membersNow(elsewhere.userId)).toEqual([{ tenant_id: otherTenant, role: 'member' }]);
  });

  it('makes one of two at once', async () => {
    const userName = address();
    const answers = await Promise.all([1, 2, 3].map(() => send('POST', 'Users', { userName })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409]);
  });
});

describe('what is refused', () => {
  it("is SCIM's error with a sentence", async () => {
    const missing = await send<object>('GET', `Users/${randomUUID()}`);
    expect([missing.status, missing.type]).toEqual([404, `${SCIM}; charset=utf-8`]);
    expect(missing.body).toEqual({
      schemas: [SCIM_SCHEMAS.error],
      status: '404',
      detail: expect.stringContaining('nobody with this id'),
      code: 'member_not_found',
    });
    const nobody = await send<object>('GET', 'Users', undefined, {});
    expect([nobody.status, nobody.body]).toMatchObject([
      401,
      { schemas: [SCIM_SCHEMAS.error], status: '401' },
    ]);
  });

  it.each<[string, string, string, object | undefined, string]>([
    ['another operator', 'GET', 'Users?filter=userName%20co%20%22a%22', undefined, 'invalidFilter'],
    ['another attribute', 'GET', 'Users?filter=title%20eq%20%22a%22', undefined, 'invalidFilter'],
    ['a built-in name', 'GET', 'Users?filter=constructor%20eq%20%22a%22', undefined, 'invalidFilter'],
    [
      'a filter that is no text',
      'GET',
      'Users?filter=userName%20eq%20%22%5Cq%22',
      undefined,
      'invalidFilter',
    ],
    ['a name that is no address', 'POST', 'Users', { userName: 'ada' }, 'invalidValue'],
    ['no name', 'POST', 'Users', {}, 'invalidValue'],
    ['an unknown operation', 'PATCH', 'Users/x', { Operations: [{ op: 'move' }] }, 'invalidValue'],
    [
      'neither path nor attributes',
      'PATCH',
      'Users/x',
      { Operations: [{ op: 'replace', value: 1 }] },
      'noTarget',
    ],
    [
      'an active that is neither',
      'PATCH',
      'Users/x',
      { Operations: [{ op: 'add', path: 'active', value: 'no' }] },
      'invalidValue',
    ],
    ['an active that is no text', 'PUT', 'Users/x', { active: { toString: 1 } }, 'invalidValue'],
    ['nothing to say', 'PUT', 'Users/x', { active: null }, 'invalidValue'],
  ])('%s', async (_, method, path, body, scimType) => {
    const answer = await send<object>(method, path, body);
    expect([answer.status, answer.body]).toMatchObject([400, { schemas: [SCIM_SCHEMAS.error], scimType }]);
  });

  it('an owner to a service account, and the last owner to everybody', async () => {
    const tenant = await createTenant(backend, 'Owned');
    const [owner, second] = [
      await createPerson(backend, tenant, 'owner'),
      await createPerson(backend, tenant, 'owner'),
    ];
    const { key } = await createServiceAccount(backend, tenant, 'admin');
    const refused = await send<object>('DELETE', `Users/${second.userId}`, undefined, key);
    expect([refused.status, refused.body]).toMatchObject([403, { detail: expect.stringContaining('owner') }]);
    expect((await setActive(second.userId, false, key)).status).toBe(403);
    expect(await sql('SELECT FROM scim_users WHERE tenant_id = $1', [tenant])).toEqual([]);

    expect((await setActive(second.userId, false, owner.key)).status).toBe(200);
    const last = await setActive(owner.userId, false, owner.key);
    expect([last.status, last.body]).toMatchObject([409, { code: 'last_owner', status: '409' }]);
    expect(await membersNow(owner.userId)).toEqual([{ tenant_id: tenant, role: 'owner' }]);
    expect(await sql('SELECT id FROM scim_users WHERE tenant_id = $1', [tenant])).toEqual([
      { id: second.userId },
    ]);
  });

  it('everything to another tenant, also with the ids of this one', async () => {
    const foreign = (await createServiceAccount(backend, otherTenant, 'admin')).key;
    const alone = await createPerson(backend, tenantId, 'member');
    const expected = await send('POST', 'Users', { userName: address() });
    for (const id of [alone.userId, expected.body.id]) {
      expect((await send('GET', `Users/${id}`, undefined, foreign)).status).toBe(404);
      expect((await setActive(id, false, foreign)).status).toBe(404);
      expect((await send('DELETE', `Users/${id}`, undefined, foreign)).status).toBe(404);
    }
    expect(await membersNow(alone.userId)).toHaveLength(1);
    expect((await send('GET', `Users/${expected.body.id}`)).status).toBe(200);
  });
});
