import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Me } from '@saas-codex/contracts/identity';
import {
  type Permission,
  PERMISSIONS,
  permissionsOf,
  PERSON_PERMISSIONS,
  type Role,
  ROLES,
} from '@saas-codex/contracts/permissions';
import { SERVICE_ACCOUNT_ROLES } from '@saas-codex/contracts/service-accounts';
import { anonymous, NOTHING, OPERATIONS, requiring } from '@saas-codex/testing/backend/operations';
import { MARK, OperationsWorld } from '@saas-codex/testing/backend/operations-world';
import { createPerson, createServiceAccount, createTenant } from '@saas-codex/testing/backend/people';
import { openSse } from '@saas-codex/testing/sse-client';
import { ROLE_TABLE } from '../src/identity/permissions.js';

/**
 * The matrix of operations × callers. Every operation of the OpenAPI document is called as each of them, streams included:
 *
 *     nobody, an expired key, a person who was removed …    refused, whatever it is
 *     each role, by cookie and by key                       refused what libs/contracts/src/permissions.ts does not give it
 *     the owner of another tenant                           finds nothing, as if it did not exist
 *     others of the tenant, on a private session            private-sessions.spec.ts
 *     the reader of a link                                  share-links.spec.ts
 */
let world: OperationsWorld;
beforeAll(async () => {
  world = await OperationsWorld.start();
});
afterAll(() => world.stop());

/** Nobody signs in to call it: its signature says that it comes from the forge. */
const SIGNED = 'receiveForgeWebhook';

const readMe = async (as: Record<string, string>) =>
  (await (await world.send(as, 'GET', '/api/me')).json()) as Me;

describe('every operation', () => {
  it('is in the table of operations', () => {
    expect(world.operations.map(({ id }) => id).toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
  });

  it.each(ROLES.flatMap((role) => [[role, 'cookie'] as const, [role, 'key'] as const]))(
    'allows a person with the role %s, by %s, what the table says',
    async (role, credential) => {
      const allowed = permissionsOf(role);
      const headers = world.person(role)[credential];
      const me = await readMe(headers);
      expect([me.role, me.permissions]).toEqual([role, allowed]);
      const refused = await world.refusedWith('forbidden', headers);
      expect(refused).toEqual(requiring((permission) => !allowed.includes(permission)));
    },
  );

  it.each(SERVICE_ACCOUNT_ROLES)(
    'allows a service account with the role %s what the table says, except for what only people do',
    async (role) => {
      const { serviceAccountId, key } = await createServiceAccount(world.backend, world.tenantId, role);
      const isForPeople = (permission: Permission) => PERSON_PERMISSIONS.includes(permission);
      const ofRole = permissionsOf(role);
      expect(await readMe(key)).toMatchObject({
        kind: 'service_account',
        user: { user_id: serviceAccountId, name: `The ${role} program`, email: '' },
        role,
        permissions: ofRole.filter((permission) => !isForPeople(permission)),
      });
      expect(await world.refusedWith('forbidden', key)).toEqual(
        requiring((permission) => !ofRole.includes(permission) && !isForPeople(permission)),
      );
      expect(await world.refusedWith('person_required', key)).toEqual(
        [
          ...requiring(isForPeople),
          'listPasskeys',
          'listSignIns',
          'readCredentials',
          'readReviewProgress',
        ].toSorted(),
      );
    },
  );

  it('gives nobody a role that may do more than the key', async () => {
    const keyWith = (scopes?: Permission[]) => world.createKey(world.person('owner'), scopes);
    const { serviceAccountId } = await createServiceAccount(world.backend, world.tenantId, 'viewer');
    const sendAs = (key: Record<string, string>) => async (method: string, path: string, body: object) =>
      (await world.send(key, method, `/api/${path}`, body)).status;
    const toPeople = async (key: Record<string, string>) => {
      const send = sendAs(key);
      return [
        await send('POST', 'invitations', { role: 'admin' }),
        await send('POST', 'invitations', { role: 'viewer' }),
        await send('PATCH', `members/${world.person('member').userId}`, { role: 'member' }),
      ];
    };
    const toPrograms = async (key: Record<string, string>) => {
      const send = sendAs(key);
      return [
        await send('POST', 'service-accounts', { name: 'Program', role: 'admin' }),
        await send('POST', 'service-accounts', { name: 'Program', role: 'viewer' }),
        await send('PATCH', `service-accounts/${serviceAccountId}`, { role: 'admin' }),
        await send('PATCH', `service-accounts/${serviceAccountId}`, { name: 'Renamed' }),
      ];
    };
    expect(await toPeople(await keyWith(['members:manage']))).toEqual([403, 403, 403]);
    const ofViewer: Permission[] = ['members:manage', ...permissionsOf('viewer')];
    expect(await toPeople(await keyWith(ofViewer))).toEqual([403, 201, 403]);
    expect(await toPeople(await keyWith())).toEqual([201, 201, 200]);

    const alone: Permission[] = ['service_accounts:manage'];
    expect(await toPrograms(await keyWith(alone))).toEqual([403, 403, 403, 200]);
    const withViewer = [
      ...alone,
      ...permissionsOf('viewer').filter((one) => !PERSON_PERMISSIONS.includes(one)),
    ];
    expect(await toPrograms(await keyWith(withViewer))).toEqual([403, 201, 403, 200]);
    expect(await toPrograms(await keyWith())).toEqual([201, 201, 200, 200]);
  });

  it("lets an admin's service account give the roles below it, and not that of an admin", async () => {
    const { key } = await createServiceAccount(world.backend, world.tenantId, 'admin');
    const { userId, key: own } = await createPerson(world.backend, world.tenantId, 'viewer');
    const give = async (role: Role) =>
      (await world.send(key, 'PATCH', `/api/members/${userId}`, { role })).status;
    expect([await give('admin'), await give('owner'), await give('member')]).toEqual([403, 403, 200]);
    expect(await readMe(own)).toMatchObject({ role: 'member' });
  });

  it("that changes something is refused to a viewer, except for the viewer's own affairs", () => {
    const changing = world.operations.filter(({ id, method }) => {
      const requires = OPERATIONS[id]?.requires;
      return (
        method !== 'GET' && requires && requires !== 'public' && permissionsOf('viewer').includes(requires)
      );
    });
    const others = changing.filter(({ id }) => OPERATIONS[id]?.requires !== 'account:write');
    expect(others.map(({ id }) => id).toSorted()).toEqual([
      'announcePresence',
      'chooseTenant',
      'createApiKey',
      'endPresence',
      'leaveTenant',
      'markSessionRead',
      'markSessionUnread',
      'revokeApiKey',
      'signOut',
      'updateReviewProgress',
    ]);
  });

  it('that is refused says which role may', async () => {
    const answer = await world.send(world.person('viewer').key, 'POST', '/api/sessions');
    expect(await answer.json()).toMatchObject({
      code: 'forbidden',
      detail:
        'Your role, viewer, does not allow this. It takes the role member: ask an admin or an owner of your organisation.',
    });
  });

  it.each<[string, () => Promise<Record<string, string>>]>([
    ['nobody', () => Promise.resolve({})],
    ['somebody with a key that never existed', () => Promise.resolve({ authorization: 'Bearer cdx_never' })],
    [
      'a key that was revoked',
      async () => {
        const { key, keyId } = await createPerson(world.backend, world.tenantId, 'owner');
        await world.sql('UPDATE api_keys SET enabled = false WHERE id = $1', [keyId]);
        return key;
      },
    ],
    [
      'a key that has expired',
      async () => {
        const { key, keyId } = await createPerson(world.backend, world.tenantId, 'owner');
        await world.sql(`UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = $1`, [
          keyId,
        ]);
        return key;
      },
    ],
    [
      'a browser that has signed out',
      async () => {
        const { cookie } = await createPerson(world.backend, world.tenantId, 'owner');
        expect((await world.send(cookie, 'POST', '/api/auth/sign-out')).status).toBe(204);
        return cookie;
      },
    ],
    ...(['cookie', 'key'] as const).map((credential): [string, () => Promise<Record<string, string>>] => [
      `the ${credential} of a person who was removed a second ago`,
      async () => {
        const removed = await createPerson(world.backend, world.tenantId, 'owner');
        expect((await world.send(removed[credential], 'GET', '/api/me')).status).toBe(200);
        await world.sql('DELETE FROM members WHERE user_id = $1', [removed.userId]);
        return removed[credential];
      },
    ]),
    [
      'the key of a service account that was deleted a second ago',
      async () => {
        const { serviceAccountId, key } = await createServiceAccount(world.backend, world.tenantId, 'admin');
        expect((await world.send(key, 'GET', '/api/me')).status).toBe(200);
        await world.sql('DELETE FROM service_accounts WHERE id = $1', [serviceAccountId]);
        return key;
      },
    ],
    [
      'headers that claim to be an owner, a gateway or a service',
      () => {
        const { userId, email } = world.person('owner');
        const names = ['x-user-id', 'x-forwarded-user', 'x-auth-request-user', 'remote-user', 'x-actor-id'];
        return Promise.resolve({
          ...Object.fromEntries(names.map((name) => [name, userId])),
          'x-forwarded-email': email,
          'x-tenant-id': world.tenantId,
          'x-role': 'owner',
          'x-gateway-mark': 'guessed',
          'x-service-token': 'guessed',
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-host': 'localhost',
          'x-share-link-id': world.ours.share_link_id,
        });
      },
    ],
  ])('refuses %s, and nothing changes', async (_, prepare) => {
    const headers = await prepare();
    const before = await world.everything();
    expect(await world.refusedWith('unauthenticated', headers, world.ours)).toEqual(
      [...requiring(() => true), SIGNED].toSorted(),
    );
    expect(await world.everything()).toBe(before);
  });

  it('that changes something is refused to a page of another site, whoever sits at the browser', async () => {
    const before = await world.everything();
    const { cookie } = world.person('owner').cookie;
    for (const operation of world.operations.filter(({ method }) => method !== 'GET')) {
      for (const origin of ['https://evil.example', 'null']) {
        const [status, code] = await world.call(operation, { cookie }, world.ours, 'accepted', '/api', {
          origin,
          'sec-fetch-site': 'cross-site',
        });
        expect([operation.id, status, code]).toEqual([operation.id, 403, 'origin_forbidden']);
      }
    }
    expect(await world.everything()).toBe(before);
  });

  it('tells the owner of another tenant nothing of what it names, and changes nothing', async () => {
    const other = await createTenant(world.backend, 'Other');
    const { key, cookie } = await createPerson(world.backend, other, 'owner');
    const naming = world.operations.filter(({ id, path }) => path.includes('{') || OPERATIONS[id]?.query);
    const before = await world.everything();
    for (const operation of naming) {
      const as = OPERATIONS[operation.id]?.personal ? cookie : key;
      const [status, code, text] = await world.call(operation, as, world.ours);
      const [missingStatus, missingCode, missing] = await world.call(operation, as, NOTHING);
      expect([operation.id, status, code, anonymous(text, world.ours)]).toEqual([
        operation.id,
        missingStatus,
        missingCode,
        anonymous(missing, NOTHING),
      ]);
      const refusal = operation.id === SIGNED ? 401 : 404;
      if (operation.path.includes('{')) expect([operation.id, status]).toEqual([operation.id, refusal]);
    }
    expect(await world.everything()).toBe(before);
  });

  it('answers the owner of another tenant without a word of this one', async () => {
    const { key } = await createPerson(world.backend, await createTenant(world.backend, 'Another'), 'owner');
    for (const operation of world.operations.filter(
      ({ path, method }) => method === 'GET' && !path.includes('{'),
    )) {
      const [, , text] = await world.call(operation, key, world.ours);
      for (const word of [MARK, ...Object.values(world.ours as unknown as Record<string, string>)])
        expect([operation.id, text.includes(word)]).toEqual([operation.id, false]);
    }
    const stream = await openSse(`${world.backend.url}/api/events?runs=${world.ours.run_id}`, {
      headers: key,
    });
    await stream.until((events) => events.some(({ event }) => event === 'run.error'));
    await world.send(world.person('owner').key, 'PATCH', `/api/sessions/${world.ours.session_id}`, {
      title: MARK + '!',
    });
    // What this tenant does next follows in the stream: nothing came between.
    await world.send(key, 'POST', '/api/sessions');
    const events = await stream.until((all) => all.some(({ event }) => event === 'session.updated'));
    expect(JSON.stringify(events)).not.toContain(MARK);
    stream.close();
  });

  /*
   * With a permission alone, an operation is open that requires it and nothing else. With all others, it is refused. Together: it
   * requires exactly this one.
   */
  const setsFor = (permission: Permission) => ({
    operations: world.operations.filter(({ id }) => OPERATIONS[id]?.requires === permission),
    alone: [permission],
    others: PERMISSIONS.filter((each) => each !== permission),
    required: requiring((each) => each === permission),
  });

  it.each(PERMISSIONS)(
    'opens what requires %s to a role with nothing else, and to none without it',
    async (permission) => {
      const { operations: among, alone, others, required } = setsFor(permission);
      // The backend's own table: the guard uses it.
      const table = world.backend.app.get<Map<Role, ReadonlySet<Permission>>>(ROLE_TABLE);
      const before = new Set(table.get('member'));
      const refusedToRole = (permissions: readonly Permission[]) => {
        table.set('member', new Set(permissions));
        return world.refusedWith('forbidden', world.person('member').key, NOTHING, among);
      };
      try {
        expect([await refusedToRole(alone), await refusedToRole(others)]).toEqual([[], required]);
      } finally {
        table.set('member', before);
      }
    },
  );

  it.each(PERMISSIONS)(
    'opens what requires %s to a key with this scope alone, and to none without it',
    async (permission) => {
      const { operations: among, alone, others, required } = setsFor(permission);
      const refusedToKey = async (scopes: readonly Permission[]) => {
        const key = await world.createKey(world.person('owner'), scopes);
        return world.refusedWith('forbidden', key, NOTHING, among);
      };
      expect([await refusedToKey(alone), await refusedToKey(others)]).toEqual([[], required]);
    },
  );
});

describe('the table of permissions', () => {
  it('gives each role everything that the role below it has, and more', () => {
    const [owner = [], admin = [], member = [], viewer = []] = ROLES.map(permissionsOf);
    expect(owner).toEqual(PERMISSIONS);
    expect(owner).toEqual(expect.arrayContaining(admin));
    expect(admin).toEqual(expect.arrayContaining(member));
    expect(member).toEqual(expect.arrayContaining(viewer));
    expect(member.length).toBeGreaterThan(viewer.length);
  });
});
