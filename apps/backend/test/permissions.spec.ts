import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Me } from '@saas-codex/contracts/identity';
import type { Invitation, MemberPage } from '@saas-codex/contracts/members';
import {
  type Permission,
  PERMISSIONS,
  permissionsOf,
  PERSON_PERMISSIONS,
  type Role,
  ROLES,
} from '@saas-codex/contracts/permissions';
import { MAX_WATCHERS, type Presence } from '@saas-codex/contracts/presence';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Run, RunPage } from '@saas-codex/contracts/runs';
import type { Secret } from '@saas-codex/contracts/secrets';
import { SERVICE_ACCOUNT_ROLES } from '@saas-codex/contracts/service-accounts';
import type { Session } from '@saas-codex/contracts/sessions';
import type { CreatedShareLink, ShareLinkPage } from '@saas-codex/contracts/sharing';
import type { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import {
  createPerson,
  createServiceAccount,
  createTenant,
  signIn,
  type TestPerson,
} from '@saas-codex/testing/backend/people';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { AUTH, type Auth } from '../src/identity/better-auth.js';
import {
  Public,
  RequirePermission,
  ROLE_TABLE,
  RoutePermissions,
  roleTable,
} from '../src/identity/permissions.js';
import { REDIS } from '../src/redis.module.js';

interface Row {
  requires: Permission | 'public';
  /** A body that the operation accepts. */
  body?: object;
  /** Not for API keys. */
  personal?: true;
  /** Names things by query. */
  query?: (ids: Ids) => string;
}

/** What a browser sends, in form. */
const PASSKEY = (response: object) => ({
  id: 'x',
  rawId: 'x',
  type: 'public-key',
  clientExtensionResults: {},
  response: { clientDataJSON: 'x', ...response },
});

/** Every operation of the OpenAPI document, by its operationId: what it requires, and a request that it accepts. */
const OPERATIONS: Record<string, Row> = {
  readHealth: { requires: 'public' },
  readReadiness: { requires: 'public' },
  signIn: { requires: 'public', body: { token: 'x' } },
  readSignInOptions: { requires: 'public' },
  startOidcSignIn: { requires: 'public' },
  finishOidcSignIn: { requires: 'public' },
  signInWithPassword: { requires: 'public', body: { email: 'x@example.org', password: 'x' } },
  signUp: { requires: 'public', body: { email: 'x@example.org' } },
  completeSignUp: { requires: 'public', body: { token: 'x', name: 'X', password: 'a long password' } },
  requestPasswordReset: { requires: 'public', body: { email: 'x@example.org' } },
  completePasswordReset: { requires: 'public', body: { token: 'x', password: 'a long password' } },
  signOut: { requires: 'account:sign_out' },
  readCredentials: { requires: 'account:read' },
  changePassword: { requires: 'account:write', body: { password: 'a long password' }, personal: true },
  updateMe: { requires: 'account:write', body: { name: 'Changed' }, personal: true },
  changeEmail: { requires: 'account:write', body: { email: 'x@example.org' }, personal: true },
  confirmEmail: { requires: 'account:write', body: { token: 'x' }, personal: true },
  listSignIns: { requires: 'account:read', personal: true },
  revokeOtherSignIns: { requires: 'account:write', personal: true },
  revokeSignIn: { requires: 'account:write', personal: true },
  startPasskeySignIn: { requires: 'public' },
  signInWithPasskey: { requires: 'public', body: PASSKEY({ authenticatorData: 'x', signature: 'x' }) },
  listPasskeys: { requires: 'account:read', personal: true },
  startPasskey: { requires: 'account:write', body: {}, personal: true },
  createPasskey: {
    requires: 'account:write',
    body: { name: 'X', credential: PASSKEY({ attestationObject: 'x' }) },
    personal: true,
  },
  updatePasskey: { requires: 'account:write', body: { name: 'X' }, personal: true },
  removePasskey: { requires: 'account:write', personal: true },
  startSecondFactor: { requires: 'account:write', body: {}, personal: true },
  confirmSecondFactor: { requires: 'account:write', body: { code: '123456' }, personal: true },
  removeSecondFactor: { requires: 'account:write', body: { code: '123456' }, personal: true },
  resetMemberSecondFactor: { requires: 'members:reset_password', personal: true },
  resetMemberPassword: { requires: 'members:reset_password', personal: true },
  readMe: { requires: 'account:read' },
  readSystem: { requires: 'system:read' },
  readUsage: { requires: 'usage:read' },
  readLimits: { requires: 'usage:read' },
  updateLimits: { requires: 'limits:manage', body: { run: { tokens: 5_000_000 } } },
  listModels: { requires: 'models:read' },
  updateModels: { requires: 'models:manage', body: { allowed: null } },
  createSession: { requires: 'sessions:write', body: { title: 'New' } },
  listSessions: { requires: 'sessions:read' },
  readSession: { requires: 'sessions:read' },
  readPresence: { requires: 'sessions:read' },
  announcePresence: { requires: 'sessions:read' },
  endPresence: { requires: 'sessions:read' },
  updateSession: { requires: 'sessions:write', body: { title: 'Changed' } },
  deleteSession: { requires: 'sessions:write' },
  promptSession: { requires: 'runs:create', body: { prompt: 'Changed' } },
  runSetup: { requires: 'runs:create' },
  listRuns: { requires: 'runs:read' },
  listAllRuns: { requires: 'runs:read', query: ({ session_id }) => `session_id=${session_id}` },
  readRun: { requires: 'runs:read' },
  listRunItems: { requires: 'events:read' },
  readRunHistory: { requires: 'events:read' },
  cancelRun: { requires: 'runs:cancel' },
  readDiff: { requires: 'diffs:read' },
  readFilePatch: { requires: 'diffs:read', query: () => 'path=README.md' },
  listIgnoredFiles: { requires: 'diffs:read' },
  downloadIgnoredFile: { requires: 'diffs:read', query: () => 'path=README.md' },
  downloadIgnoredFiles: { requires: 'diffs:read' },
  readHome: { requires: 'diffs:read' },
  resetHome: { requires: 'sessions:write' },
  streamRunEvents: { requires: 'events:read' },
  streamActivity: { requires: 'events:read', query: ({ run_id }) => `runs=${run_id}` },
  listShareLinks: { requires: 'sessions:share' },
  createShareLink: { requires: 'sessions:share', body: {} },
  revokeShareLink: { requires: 'sessions:share' },
  openShareLink: { requires: 'public', body: { token: 'x' } },
  listApiKeys: { requires: 'api_keys:own' },
  createApiKey: { requires: 'api_keys:own', body: { name: 'New' } },
  revokeApiKey: { requires: 'api_keys:own' },
  listSecrets: { requires: 'secrets:read' },
  createSecret: { requires: 'secrets:manage', body: { name: 'NEW', value: 'a new value' } },
  updateSecret: { requires: 'secrets:manage', body: { value: 'another value' } },
  deleteSecret: { requires: 'secrets:manage' },
  listServiceAccounts: { requires: 'service_accounts:manage' },
  createServiceAccount: { requires: 'service_accounts:manage', body: { name: 'New' } },
  updateServiceAccount: { requires: 'service_accounts:manage', body: { name: 'Changed' } },
  deleteServiceAccount: { requires: 'service_accounts:manage' },
  listServiceAccountKeys: { requires: 'service_accounts:manage' },
  createServiceAccountKey: { requires: 'service_accounts:manage', body: { name: 'New' }, personal: true },
  revokeServiceAccountKey: { requires: 'service_accounts:manage' },
  listTenants: { requires: 'tenants:read' },
  createTenant: { requires: 'tenants:create', body: { name: 'New' } },
  chooseTenant: { requires: 'tenants:read' },
  updateTenant: { requires: 'tenants:update', body: { name: 'Changed' } },
  deleteTenant: { requires: 'tenants:delete', query: () => 'name=Personal' },
  restoreTenant: { requires: 'tenants:delete' },
  leaveTenant: { requires: 'account:leave' },
  listMembers: { requires: 'members:read' },
  updateMember: { requires: 'members:manage', body: { role: 'viewer' } },
  removeMember: { requires: 'members:manage' },
  listInvitations: { requires: 'members:manage' },
  createInvitation: { requires: 'members:manage', body: { role: 'viewer' } },
  revokeInvitation: { requires: 'members:manage' },
  listAudit: { requires: 'audit:read' },
  exportAudit: { requires: 'audit:read' },
  lookUpInvitation: { requires: 'public', body: { token: 'x' } },
  acceptInvitation: {
    requires: 'public',
    body: { token: 'x', new_account: { name: 'New', email: 'new@example.com' } },
  },
};

/** What paths and queries name. */
interface Ids {
  session_id: string;
  run_id: string;
  tenant_id: string;
  user_id: string;
  invitation_id: string;
  key_id: string;
  secret_id: string;
  sign_in_id: string;
  share_link_id: string;
  service_account_id: string;
  passkey_id: string;
}
const NOTHING: Ids = {
  session_id: randomUUID(),
  run_id: randomUUID(),
  tenant_id: randomUUID(),
  user_id: randomUUID(),
  invitation_id: randomUUID(),
  key_id: randomUUID(),
  secret_id: randomUUID(),
  sign_in_id: randomUUID(),
  share_link_id: randomUUID(),
  service_account_id: randomUUID(),
  passkey_id: randomUUID(),
};

interface Operation {
  id: string;
  method: string;
  path: string;
}
/** An answer without what the caller itself has named. */
const anonymous = (body: string, ids: Ids) =>
  Object.values(ids as unknown as Record<string, string>)
    .reduce((text, id) => text.replaceAll(id, 'ID'), body)
    .replace(/"request_id":"[^"]+"/, '');
type Answer = [status: number, code: string | null, text: string];

/**
 * The matrix of operations × callers. Every operation of the OpenAPI document is called as each of them, streams included:
 *
 *     nobody, an expired key, a person who was removed …    refused, whatever it is
 *     each role, by cookie and by key                       refused what libs/contracts/src/permissions.ts does not give it
 *     the owner of another tenant                           finds nothing, as if it did not exist
 *     the reader of a link                                  refused but for what shows the one session
 */
describe('every operation', () => {
  const MARK = 'Secret plan of the first tenant';
  let backend: TestBackend;
  let operations: Operation[];
  let tenantId: string;
  let ours: Ids;
  const people = new Map<Role, TestPerson>();
  /** The backend's own table, which this spec changes to prove that the guard uses it. */
  let table: Map<Role, ReadonlySet<Permission>>;

  beforeAll(async () => {
    backend = await startBackend();
    const document = (await (await backend.fetch('/api/openapi.json')).json()) as OpenAPIObject;
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, { operationId: string }>).map(([method, { operationId }]) => ({
        id: operationId,
        method: method.toUpperCase(),
        path,
      })),
    );
    table = backend.app.get(ROLE_TABLE);
    tenantId = ((await (await backend.fetch('/api/me')).json()) as Me).tenant.tenant_id;
    const session = await backend.post('/api/sessions', { title: MARK }, { prefer: 'respond-async' });
    const { session_id } = (await session.json()) as Session;
    const run = await backend.post(`/api/sessions/${session_id}/prompt`, { prompt: MARK });
    for (const role of ROLES) people.set(role, await createPerson(backend, tenantId, role));
    const invited = await backend.post('/api/invitations', { role: 'viewer' });
    const [signIn] = await sql<{ id: string }>('SELECT id FROM user_sessions WHERE user_id = $1', [
      person('member').userId,
    ]);
    const secret = await backend.post('/api/secrets', { name: 'OURS', value: MARK });
    const [passkey] = await sql<{ id: string }>(
      `INSERT INTO passkeys (user_id, name, credential_id, public_key, counter, transports)
       VALUES ($1, $2, 'spec', '', 0, '{}') RETURNING id`,
      [person('member').userId, MARK],
    );
    ours = {
      session_id,
      run_id: ((await run.json()) as Run).run_id,
      tenant_id: tenantId,
      user_id: person('member').userId,
      sign_in_id: signIn?.id ?? '',
      service_account_id: (await createServiceAccount(backend, tenantId, 'member')).serviceAccountId,
      passkey_id: passkey?.id ?? '',
      invitation_id: ((await invited.json()) as Invitation).invitation_id,
      key_id: person('member').keyId,
      share_link_id: (await share(session_id)).share_link_id,
      secret_id: ((await secret.json()) as Secret).secret_id,
    };
    // After that it waits for a runner, and its rows stay as they are.
    await waitFor(async () => (await sql('SELECT FROM sessions WHERE base_tree IS NOT NULL')).length > 0);
  });
  afterAll(() => backend.stop());

  const sql = <T>(statement: string, parameters: unknown[] = []) =>
    backend.app.get(DataSource).query<T[]>(statement, parameters);
  const person = (role: Role): TestPerson => {
    const found = people.get(role);
    if (!found) throw new Error(`There is no ${role}.`);
    return found;
  };

  async function share(sessionId: string, body: object = {}): Promise<CreatedShareLink> {
    const answer = await backend.post(`/api/sessions/${sessionId}/share-links`, body);
    expect(answer.status).toBe(201);
    return (await answer.json()) as CreatedShareLink;
  }

  /** Opens a link as a browser does. @returns where its routes are, and the cookie for them */
  async function open({ link }: CreatedShareLink): Promise<{ prefix: string; cookie: string }> {
    const { pathname, hash } = new URL(link ?? '');
    const answer = await backend.post('/api/share-links/open', { token: hash.slice('#token='.length) });
    expect(answer.status).toBe(200);
    const [set = ''] = answer.headers.getSetCookie();
    const prefix = `/api${pathname}`;
    expect(set).toContain(`; Path=${prefix}; `);
    expect(set).toMatch(/; HttpOnly; SameSite=Strict/);
    return { prefix, cookie: set.split(';')[0] ?? '' };
  }

  /**
   * Calls an operation. Of a stream only the answer's head is read.
   * @param body 'refused': one that nothing accepts, so that what is allowed has no effect
   */
  async function call(
    { id, method, path }: Operation,
    as: Record<string, string>,
    ids: Ids,
    body: 'accepted' | 'refused' = 'accepted',
    prefix = '/api',
  ): Promise<Answer> {
    const row = OPERATIONS[id];
    const sent = body === 'accepted' ? row?.body : [];
    const named = path.replace(/\{(\w+)\}/g, (_, name: keyof Ids) => ids[name]);
    const place = named.replace(/^\/api/, prefix);
    const answer = await fetch(`${backend.url}${place}${row?.query ? `?${row.query(ids)}` : ''}`, {
      method,
      redirect: 'manual',
      headers: {
        ...as,
        ...('cookie' in as && { origin: backend.url }),
        'content-type': 'application/json',
        prefer: 'respond-async',
      },
      ...(sent && method !== 'GET' && method !== 'DELETE' && { body: JSON.stringify(sent) }),
    });
    const type = answer.headers.get('content-type') ?? '';
    if (type.startsWith('text/event-stream')) {
      await answer.body?.cancel();
      return [answer.status, null, ''];
    }
    const text = await answer.text();
    const code = type.startsWith('application/problem+json')
      ? (JSON.parse(text) as { code: string }).code
      : null;
    return [answer.status, code, text];
  }

  /** The ids of the operations that are answered with this problem; every other one must not be. */
  async function refusedWith(
    code: 'forbidden' | 'person_required' | 'unauthenticated',
    as: Record<string, string>,
    ids = NOTHING,
    among = operations,
  ): Promise<string[]> {
    const refused: string[] = [];
    // What is allowed comes last if it ends what identifies the browser.
    for (const operation of among.toSorted(
      (a, b) => Number(a.id === 'signOut') - Number(b.id === 'signOut'),
    )) {
      const [status, found] = await call(operation, as, ids, ids === NOTHING ? 'refused' : 'accepted');
      if (found !== code) continue;
      expect([operation.id, status]).toEqual([operation.id, code === 'unauthenticated' ? 401 : 403]);
      refused.push(operation.id);
    }
    return refused.toSorted();
  }
  const requiring = (isRefused: (permission: Permission) => boolean) =>
    Object.entries(OPERATIONS)
      .flatMap(([id, { requires }]) => (requires !== 'public' && isRefused(requires) ? [id] : []))
      .toSorted();

  /** Everything that the database has, except what a mere attempt may write. */
  async function everything(): Promise<string> {
    const tables = await sql<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
    );
    const kept = tables.filter(
      ({ name }) => !['user_sessions', 'api_keys', 'verifications', 'audit_entries'].includes(name),
    );
    const sums = kept.map(
      ({ name }) => `(SELECT md5(string_agg(r::text, '|' ORDER BY r::text)) FROM "${name}" r)`,
    );
    const [row] = await sql<Record<string, string>>(
      `SELECT ${sums.map((sum, i) => `${sum} AS t${i}`).join(', ')}`,
    );
    return JSON.stringify(row);
  }

  it('is in the table of this spec', () => {
    expect(operations.map(({ id }) => id).toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
  });

  it.each(ROLES.flatMap((role) => [[role, 'cookie'] as const, [role, 'key'] as const]))(
    'allows a person with the role %s, by %s, what the table says',
    async (role, credential) => {
      const allowed = permissionsOf(role);
      const headers = person(role)[credential];
      const me = (await (await fetch(`${backend.url}/api/me`, { headers })).json()) as Me;
      expect([me.role, me.permissions]).toEqual([role, allowed]);
      const refused = await refusedWith('forbidden', headers);
      expect(refused).toEqual(requiring((permission) => !allowed.includes(permission)));
    },
  );

  it.each(SERVICE_ACCOUNT_ROLES)(
    'allows a service account with the role %s what the table says, except for what only people do',
    async (role) => {
      const { serviceAccountId, key } = await createServiceAccount(backend, tenantId, role);
      const isForPeople = (permission: Permission) => PERSON_PERMISSIONS.includes(permission);
      const ofRole = permissionsOf(role);
      const me = (await (await fetch(`${backend.url}/api/me`, { headers: key })).json()) as Me;
      expect(me).toMatchObject({
        kind: 'service_account',
        user: { user_id: serviceAccountId, name: `The ${role} program`, email: '' },
        role,
        permissions: ofRole.filter((permission) => !isForPeople(permission)),
      });
      expect(await refusedWith('forbidden', key)).toEqual(
        requiring((permission) => !ofRole.includes(permission) && !isForPeople(permission)),
      );
      expect(await refusedWith('person_required', key)).toEqual(
        [...requiring(isForPeople), 'listPasskeys', 'listSignIns', 'readCredentials'].toSorted(),
      );
    },
  );

  it('gives nobody a role that may do more than the key', async () => {
    const { userId } = person('owner');
    const keyWith = async (permissions?: Record<string, Permission[]>) => {
      const body = { name: 'spec', userId, metadata: { tenantId }, ...(permissions && { permissions }) };
      return (await backend.app.get<Auth>(AUTH).api.createApiKey({ body })).key;
    };
    const { serviceAccountId } = await createServiceAccount(backend, tenantId, 'viewer');
    const sendAs = (key: string) => async (method: string, path: string, body: object) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      return (await fetch(`${backend.url}/api/${path}`, { method, headers, body: JSON.stringify(body) }))
        .status;
    };
    const toPeople = async (key: string) => {
      const send = sendAs(key);
      return [
        await send('POST', 'invitations', { role: 'admin' }),
        await send('POST', 'invitations', { role: 'viewer' }),
        await send('PATCH', `members/${person('member').userId}`, { role: 'member' }),
      ];
    };
    const toPrograms = async (key: string) => {
      const send = sendAs(key);
      return [
        await send('POST', 'service-accounts', { name: 'Program', role: 'admin' }),
        await send('POST', 'service-accounts', { name: 'Program', role: 'viewer' }),
        await send('PATCH', `service-accounts/${serviceAccountId}`, { role: 'admin' }),
        await send('PATCH', `service-accounts/${serviceAccountId}`, { name: 'Renamed' }),
      ];
    };
    expect(await toPeople(await keyWith({ scopes: ['members:manage'] }))).toEqual([403, 403, 403]);
    const ofViewer: Permission[] = ['members:manage', ...permissionsOf('viewer')];
    expect(await toPeople(await keyWith({ scopes: ofViewer }))).toEqual([403, 201, 403]);
    expect(await toPeople(await keyWith())).toEqual([201, 201, 200]);

    const alone: Permission[] = ['service_accounts:manage'];
    expect(await toPrograms(await keyWith({ scopes: alone }))).toEqual([403, 403, 403, 200]);
    const withViewer = [
      ...alone,
      ...permissionsOf('viewer').filter((one) => !PERSON_PERMISSIONS.includes(one)),
    ];
    expect(await toPrograms(await keyWith({ scopes: withViewer }))).toEqual([403, 201, 403, 200]);
    expect(await toPrograms(await keyWith())).toEqual([201, 201, 200, 200]);
  });

  it("lets an admin's service account give the roles below it, and not that of an admin", async () => {
    const { key } = await createServiceAccount(backend, tenantId, 'admin');
    const { userId, key: own } = await createPerson(backend, tenantId, 'viewer');
    const give = async (role: Role) => {
      const headers = { ...key, 'content-type': 'application/json' };
      const sent = { method: 'PATCH', headers, body: JSON.stringify({ role }) };
      return (await fetch(`${backend.url}/api/members/${userId}`, sent)).status;
    };
    expect([await give('admin'), await give('owner'), await give('member')]).toEqual([403, 403, 200]);
    expect((await (await fetch(`${backend.url}/api/me`, { headers: own })).json()) as Me).toMatchObject({
      role: 'member',
    });
  });

  it("that changes something is refused to a viewer, except for the viewer's own affairs", () => {
    const changing = operations.filter(({ id, method }) => {
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
      'revokeApiKey',
      'signOut',
    ]);
  });

  it('that is refused says which role may', async () => {
    const answer = await fetch(`${backend.url}/api/sessions`, {
      method: 'POST',
      headers: person('viewer').key,
    });
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
        const { key, keyId } = await createPerson(backend, tenantId, 'owner');
        await sql('UPDATE api_keys SET enabled = false WHERE id = $1', [keyId]);
        return key;
      },
    ],
    [
      'a key that has expired',
      async () => {
        const { key, keyId } = await createPerson(backend, tenantId, 'owner');
        await sql(`UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = $1`, [keyId]);
        return key;
      },
    ],
    [
      'a browser that has signed out',
      async () => {
        const { cookie } = await createPerson(backend, tenantId, 'owner');
        const headers = { ...cookie, origin: backend.url };
        expect((await fetch(`${backend.url}/api/auth/sign-out`, { method: 'POST', headers })).status).toBe(
          204,
        );
        return cookie;
      },
    ],
    ...(['cookie', 'key'] as const).map((credential): [string, () => Promise<Record<string, string>>] => [
      `the ${credential} of a person who was removed a second ago`,
      async () => {
        const removed = await createPerson(backend, tenantId, 'owner');
        expect((await fetch(`${backend.url}/api/me`, { headers: removed[credential] })).status).toBe(200);
        await sql('DELETE FROM members WHERE user_id = $1', [removed.userId]);
        return removed[credential];
      },
    ]),
    [
      'the key of a service account that was deleted a second ago',
      async () => {
        const { serviceAccountId, key } = await createServiceAccount(backend, tenantId, 'admin');
        expect((await fetch(`${backend.url}/api/me`, { headers: key })).status).toBe(200);
        await sql('DELETE FROM service_accounts WHERE id = $1', [serviceAccountId]);
        return key;
      },
    ],
  ])('refuses %s, and nothing changes', async (_, prepare) => {
    const headers = await prepare();
    const before = await everything();
    expect(await refusedWith('unauthenticated', headers, ours)).toEqual(requiring(() => true));
    expect(await everything()).toBe(before);
  });

  it('tells the owner of another tenant nothing of what it names, and changes nothing', async () => {
    const other = await createTenant(backend, 'Other');
    const { key, cookie } = await createPerson(backend, other, 'owner');
    const naming = operations.filter(({ id, path }) => path.includes('{') || OPERATIONS[id]?.query);
    const before = await everything();
    for (const operation of naming) {
      const as = OPERATIONS[operation.id]?.personal ? cookie : key;
      const [status, code, text] = await call(operation, as, ours);
      const [missingStatus, missingCode, missing] = await call(operation, as, NOTHING);
      expect([operation.id, status, code, anonymous(text, ours)]).toEqual([
        operation.id,
        missingStatus,
        missingCode,
        anonymous(missing, NOTHING),
      ]);
      if (operation.path.includes('{')) expect([operation.id, status]).toEqual([operation.id, 404]);
    }
    expect(await everything()).toBe(before);
  });

  it('answers the owner of another tenant without a word of this one', async () => {
    const { key } = await createPerson(backend, await createTenant(backend, 'Another'), 'owner');
    for (const operation of operations.filter(
      ({ path, method }) => method === 'GET' && !path.includes('{'),
    )) {
      const [, , text] = await call(operation, key, ours);
      for (const word of [MARK, ...Object.values(ours as unknown as Record<string, string>)])
        expect([operation.id, text.includes(word)]).toEqual([operation.id, false]);
    }
    const stream = await openSse(`${backend.url}/api/events?runs=${ours.run_id}`, { headers: key });
    await stream.until((events) => events.some(({ event }) => event === 'run.error'));
    const renamed = { method: 'PATCH', headers: { 'content-type': 'application/json' } };
    await backend.fetch(`/api/sessions/${ours.session_id}`, {
      ...renamed,
      body: JSON.stringify({ title: MARK + '!' }),
    });
    // What this tenant does next follows in the stream: nothing came between.
    await fetch(`${backend.url}/api/sessions`, {
      method: 'POST',
      headers: { ...key, prefer: 'respond-async' },
    });
    const events = await stream.until((all) => all.some(({ event }) => event === 'session.updated'));
    expect(JSON.stringify(events)).not.toContain(MARK);
    stream.close();
  });

  it('names who wrote a prompt and who stopped it, as they were called then', async () => {
    const [member, admin] = [person('member'), person('admin')];
    const send = async (as: Record<string, string>, path: string, body: object) => {
      const headers = { ...as, origin: backend.url, 'content-type': 'application/json' };
      const options = { method: 'POST', headers, body: JSON.stringify(body) };
      return (await (await fetch(`${backend.url}${path}`, options)).json()) as Run;
    };
    const nameOf = async ({ userId }: TestPerson) =>
      (await sql<{ name: string }>('SELECT name FROM users WHERE id = $1', [userId]))[0]?.name;
    const path = `/api/sessions/${ours.session_id}/prompt`;
    const run = await send(await signIn(backend, member.email), path, { prompt: 'By hand' });
    const ofMember = { kind: 'person', id: member.userId, name: await nameOf(member) };
    expect(run).toMatchObject({ created_by: ofMember, cancelled_by: null });
    await sql(`UPDATE users SET name = 'Renamed' WHERE id = $1`, [member.userId]);
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
    const [viewer, admin] = [person('viewer'), person('admin')];
    const path = `/api/sessions/${ours.session_id}/presence`;
    const send = (as: TestPerson, method: string) =>
      fetch(`${backend.url}${path}`, { method, headers: as.key });
    const watchers = async (response: Promise<Response>) =>
      ((await (await response).json()) as Presence).watchers.map(({ user_id: id }) => id);
    const redis = backend.app.get<Redis>(REDIS);
    const key = REDIS_KEYS.presence(tenantId, ours.session_id);
    await redis.del(key);
    const stream = await openSse(`${backend.url}/api/events`, { headers: admin.key });
    const told = (count: number) =>
      stream.until((all) => all.filter(({ event }) => event === 'session.presence').length === count);

    expect(await watchers(send(viewer, 'PUT'))).toEqual([viewer.userId]);
    expect(await watchers(send(viewer, 'PUT'))).toEqual([viewer.userId]);
    expect(await watchers(send(admin, 'PUT'))).toEqual([viewer.userId, admin.userId]);
    expect(await watchers(send(person('member'), 'GET'))).toEqual([viewer.userId, admin.userId]);
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

  describe('by the reader of a link', () => {
    const SERVED = [
      'listRunItems',
      'listRuns',
      'readDiff',
      'readFilePatch',
      'readRun',
      'readRunHistory',
      'readSession',
      'streamActivity',
      'streamRunEvents',
    ];
    const OTHER = 'Secret plan of another session';
    const SCRIPT = 'echo the way we set up';
    let others: Ids;
    let reader: { prefix: string; cookie: string };
    const read = (path: string, { prefix, cookie } = reader) =>
      fetch(`${backend.url}${prefix}${path}`, { headers: { cookie } });
    const start = async (body: object): Promise<string> => {
      const answer = await backend.post('/api/sessions', body, { prefer: 'respond-async' });
      return ((await answer.json()) as Session).session_id;
    };
    const prompt = async (sessionId: string, text: string): Promise<string> =>
      ((await (await backend.post(`/api/sessions/${sessionId}/prompt`, { prompt: text })).json()) as Run)
        .run_id;
    const change = (sessionId: string, body: object) =>
      backend.fetch(`/api/sessions/${sessionId}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    /** After that it waits for a runner, and its rows stay as they are. */
    const isCloned = (id: string) =>
      waitFor(
        async () =>
          (await sql('SELECT FROM sessions WHERE id = $1 AND base_tree IS NOT NULL', [id])).length > 0,
      );
    /** A session of its own, with a link that was opened. */
    async function shared(body: object = {}) {
      const id = await start({ title: 'Shared' });
      const runId = await prompt(id, 'Wait');
      await isCloned(id);
      const link = await share(id, body);
      return { id, runId, link, reader: await open(link) };
    }

    beforeAll(async () => {
      const session_id = await start({ title: OTHER, setup: { script: SCRIPT } });
      others = { ...ours, session_id, run_id: await prompt(session_id, OTHER) };
      await isCloned(session_id);
      reader = await open(await share(ours.session_id));
    });

    it('is refused but for what shows the session, whatever else the browser is', async () => {
      const cookie = `${reader.cookie}; ${person('owner').cookie.cookie}`;
      const before = await everything();
      for (const operation of operations.filter(({ path }) => path.startsWith('/api/'))) {
        for (const as of [{ cookie }, { cookie, ...person('owner').key }]) {
          const [status, code] = await call(operation, as, ours, 'accepted', reader.prefix);
          const isServed = SERVED.includes(operation.id);
          const isAnswered = status !== 403 && status !== 401;
          expect([operation.id, isAnswered, isServed || code]).toEqual([
            operation.id,
            isServed,
            isServed || 'forbidden',
          ]);
        }
      }
      expect(await everything()).toBe(before);
    });

    it('finds nothing of another session, nor of how its own is set up', async () => {
      for (const operation of operations.filter(({ id }) => SERVED.includes(id) && id !== 'streamActivity')) {
        const [status, code] = await call(operation, reader, others, 'accepted', reader.prefix);
        expect([operation.id, status, code]).toEqual([
          operation.id,
          404,
          expect.stringMatching(/not_found$/),
        ]);
      }
      const stream = await openSse(`${backend.url}${reader.prefix}/events?runs=${others.run_id}`, {
        headers: reader,
      });
      await stream.until((events) => events.some(({ event }) => event === 'run.error'));
      stream.close();
      const runs = (await (await backend.fetch(`/api/sessions/${others.session_id}/runs`)).json()) as RunPage;
      const setup = runs.items.find(({ kind }) => kind === 'setup')?.run_id ?? '';
      const own = await open(await share(others.session_id));
      expect((await read(`/runs/${setup}`, own)).status).toBe(404);
      expect((await read(`/runs/${setup}/history`, own)).status).toBe(404);
      const listed = await read(`/sessions/${others.session_id}/runs`, own);
      expect(((await listed.json()) as RunPage).items.map(({ kind }) => kind)).toEqual(['prompt']);
    });

    it('says nothing of who works here, where and on what else', async () => {
      const told: string[] = [];
      for (const operation of operations.filter(
        ({ id }) => SERVED.includes(id) && !id.startsWith('stream'),
      )) {
        const [status, , text] = await call(operation, reader, ours, 'accepted', reader.prefix);
        if (!operation.path.includes('/diff')) expect([operation.id, status]).toEqual([operation.id, 200]);
        told.push(text);
      }
      const answer = await read(`/sessions/${ours.session_id}`);
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('x-robots-tag')).toBe('noindex');
      expect(await answer.json()).toMatchObject({
        title: expect.stringContaining(MARK),
        repo_path: '',
        setup: null,
        thread_id: null,
      });
      const { items } = (await (await backend.fetch('/api/members')).json()) as MemberPage;
      const people = items.flatMap(({ user_id, email }) => [user_id, email]);
      for (const word of [
        ...people,
        tenantId,
        OTHER,
        SCRIPT,
        others.session_id,
        backend.config.WORKSPACES_ROOT,
      ])
        expect(told.filter((text) => text.includes(word))).toEqual([]);
    });

    it('hears what happens in the session, and not what happens elsewhere', async () => {
      const { id, reader: own } = await shared();
      const stream = await openSse(`${backend.url}${own.prefix}/events`, { headers: own });
      await change(others.session_id, { title: `${OTHER}!` });
      await change(id, { title: 'Shared, and renamed' });
      const events = await stream.until((all) =>
        all.some(({ data }) => data.includes('Shared, and renamed')),
      );
      expect(JSON.stringify(events)).not.toContain(OTHER);
      expect(JSON.stringify(events)).not.toContain(backend.config.WORKSPACES_ROOT);
      stream.close();
    });

    it('is nobody without the cookie of this very link', async () => {
      const other = await open(await share(others.session_id));
      const [until = '', signature = ''] = (reader.cookie.split('=')[1] ?? '').split('.');
      for (const cookie of [
        '',
        other.cookie,
        `saas_codex_share=${Number(until) + 1}.${signature}`,
        `saas_codex_share=${Math.floor(Date.now() / 1_000) - 1}.${signature}`,
        person('owner').cookie.cookie,
      ]) {
        const answer = await read(`/sessions/${ours.session_id}`, { ...reader, cookie });
        expect([cookie, answer.status]).toEqual([cookie, 401]);
      }
      expect((await read(`/sessions/${ours.session_id}`)).status).toBe(200);
      const wrong = await backend.post('/api/share-links/open', { token: 'never' });
      expect([wrong.status, ((await wrong.json()) as { code: string }).code]).toEqual([410, 'link_invalid']);
    });

    it('is cut off when the link ends, for whatever reason, and cannot open it again', async () => {
      const maker = await createPerson(backend, tenantId, 'member');
      type Shared = Awaited<ReturnType<typeof shared>>;
      const ends: [string, (one: Shared) => Promise<unknown>][] = [
        [
          'revoked',
          ({ id, link }) =>
            backend.fetch(`/api/sessions/${id}/share-links/${link.share_link_id}`, { method: 'DELETE' }),
        ],
        [
          'expired',
          ({ link }) => sql('UPDATE share_links SET expires_at = now() WHERE id = $1', [link.share_link_id]),
        ],
        ['archived', ({ id }) => sql(`UPDATE sessions SET status = 'archived' WHERE id = $1`, [id])],
        ['deleted', ({ id }) => backend.fetch(`/api/sessions/${id}`, { method: 'DELETE' })],
        [
          'made by a viewer now',
          async ({ link }) => {
            await sql('UPDATE share_links SET created_by = $2 WHERE id = $1', [
              link.share_link_id,
              maker.userId,
            ]);
            await sql(`UPDATE members SET role = 'viewer' WHERE user_id = $1`, [maker.userId]);
          },
        ],
      ];
      const all = await Promise.all(ends.map(async ([why, end]) => ({ why, end, one: await shared() })));
      const cutOff = async ({ why, end, one }: (typeof all)[number]) => {
        const { prefix, cookie } = one.reader;
        const streams = await Promise.all(
          ['/events', `/runs/${one.runId}/events`].map((path) =>
            openSse(`${backend.url}${prefix}${path}`, { headers: { cookie } }),
          ),
        );
        expect(streams.map(({ status }) => status)).toEqual([200, 200]);
        await end(one);
        await Promise.all(streams.map((stream) => stream.ended()));
        expect([why, (await read(`/sessions/${one.id}`, one.reader)).status]).toEqual([why, 401]);
        const token = new URL(one.link.link ?? '').hash.slice('#token='.length);
        expect([why, (await backend.post('/api/share-links/open', { token })).status]).toEqual([why, 410]);
      };
      await Promise.all(all.map(cutOff));
    }, 60_000);

    it('is limited by its link and network, and stops no other reader', async () => {
      const { id, reader: own } = await shared();
      const statuses = await Promise.all(
        Array.from({ length: 320 }, async () => (await read(`/sessions/${id}`, own)).status),
      );
      expect(new Set(statuses)).toEqual(new Set([200, 429]));
      expect((await read(`/sessions/${ours.session_id}`)).status).toBe(200);
    });

    it('is listed by the links that work, whose secrets are kept nowhere', async () => {
      const { id, link, reader: own } = await shared({ expires_at: '2999-01-01T00:00:00Z' });
      await sql(`UPDATE share_links SET expires_at = now() WHERE id = $1`, [(await share(id)).share_link_id]);
      const list = async () =>
        ((await (await backend.fetch(`/api/sessions/${id}/share-links`)).json()) as ShareLinkPage).items;
      expect(await list()).toEqual([
        expect.objectContaining({
          share_link_id: link.share_link_id,
          expires_at: '2999-01-01T00:00:00.000Z',
          last_opened_at: expect.any(String),
        }),
      ]);
      expect(JSON.stringify(await list())).not.toContain('token');
      const token = new URL(link.link ?? '').hash.slice('#token='.length);
      const rows = await sql('SELECT * FROM share_links');
      expect(JSON.stringify(rows)).not.toContain(token);
      expect((await read(`/sessions/${id}`, own)).status).toBe(200);
      const past = await backend.post(`/api/sessions/${id}/share-links`, {
        expires_at: '2020-01-01T00:00:00Z',
      });
      expect(past.status).toBe(400);
    });
  });
  it('hands a session over for its owner and for an admin, but for no other member', async () => {
    const [member, admin] = [person('member'), person('admin')];
    const give = async (as: TestPerson, to: TestPerson) => {
      const response = await fetch(`${backend.url}/api/sessions/${ours.session_id}`, {
        method: 'PATCH',
        headers: { ...as.key, 'content-type': 'application/json' },
        body: JSON.stringify({ owner_id: to.userId }),
      });
      const { owner_id, code } = (await response.json()) as { owner_id?: string; code?: string };
      return [response.status, owner_id ?? code];
    };
    expect(await give(member, member)).toEqual([403, 'forbidden']);
    expect(await give(admin, member)).toEqual([200, member.userId]);
    expect(await give(member, admin)).toEqual([200, admin.userId]);
  });

  describe('on a private session', () => {
    const SECRET = 'Nobody else reads this';
    /** What those who oversee sessions may do with it. */
    const OVERSEEING = ['readSession', 'cancelRun', 'deleteSession'];
    let creator: TestPerson;
    let hidden: Ids;

    const send = (as: Record<string, string>, method: string, path: string, body?: object) =>
      fetch(`${backend.url}${path}`, {
        method,
        headers: { ...as, prefer: 'respond-async', ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
    const change = (body: object, as = creator.key, ids = hidden) =>
      send(as, 'PATCH', `/api/sessions/${ids.session_id}`, body);
    const operation = (id: string): Operation => {
      const found = operations.find((each) => each.id === id);
      if (!found) throw new Error(`There is no operation ${id}.`);
      return found;
    };
    const statusOf = async (id: string, as: Record<string, string>, ids: Ids) =>
      (await call(operation(id), as, ids))[0];
    async function startSession(visibility?: 'private'): Promise<Ids> {
      const answer = await send(creator.key, 'POST', '/api/sessions', {
        title: SECRET,
        ...(visibility && { visibility }),
      });
      const { session_id } = (await answer.json()) as Session;
      const run = await send(creator.key, 'POST', `/api/sessions/${session_id}/prompt`, { prompt: SECRET });
      const { run_id } = (await run.json()) as Run;
      const isSetUp = 'SELECT FROM sessions WHERE id = $1 AND base_tree IS NOT NULL';
      await waitFor(async () => (await sql(isSetUp, [session_id])).length > 0);
      return { ...NOTHING, session_id, run_id };
    }
    const events = async (stream: Awaited<ReturnType<typeof openSse>>) => {
      const title = `Seen by all ${randomUUID()}`;
      await change({ title }, person('member').key, ours);
      return JSON.stringify(await stream.until((all) => all.some(({ data }) => data.includes(title))));
    };

    beforeAll(async () => {
      creator = await createPerson(backend, tenantId, 'member');
      hidden = await startSession('private');
      // The logs of runs that have ended are archived in the background, which is no change by a request.
      const moving = `SELECT FROM runs WHERE cancel_requested_at IS NOT NULL AND archived_at IS NULL`;
      await waitFor(async () => (await sql(moving)).length === 0, { what: 'runs to be archived' });
    });

    it.each(ROLES)('finds nothing for a person with the role %s, as if it did not exist', async (role) => {
      const oversees = permissionsOf(role).includes('sessions:oversee');
      const { key } = person(role);
      const naming = operations.filter(
        ({ id, path }) =>
          (/\{(session|run)_id\}/.test(path) || OPERATIONS[id]?.query) &&
          !(oversees && OVERSEEING.includes(id)),
      );
      const before = await everything();
      for (const each of naming) {
        const [status, code, text] = await call(each, key, hidden);
        const [missingStatus, missingCode, missing] = await call(each, key, NOTHING);
        expect([each.id, status, code, anonymous(text, hidden)]).toEqual([
          each.id,
          missingStatus,
          missingCode,
          anonymous(missing, NOTHING),
        ]);
        const isAllowed = permissionsOf(role).includes(OPERATIONS[each.id]?.requires as Permission);
        if (each.path.includes('{')) expect([each.id, status]).toEqual([each.id, isAllowed ? 404 : 403]);
      }
      expect(await everything()).toBe(before);
      const words = oversees ? [SECRET, hidden.run_id] : [SECRET, hidden.run_id, hidden.session_id];
      for (const each of operations.filter(({ path, method }) => method === 'GET' && !path.includes('{'))) {
        const [, , text] = await call(each, key, NOTHING);
        // The audit log names by its id what was done to a private session.
        const told = ['listAudit', 'exportAudit'].includes(each.id) ? [SECRET] : words;
        for (const word of told) expect([each.id, text.includes(word)]).toEqual([each.id, false]);
      }
      const searched = await send(key, 'GET', `/api/sessions?q=${encodeURIComponent(SECRET.slice(0, 6))}`);
      expect(await searched.json()).toMatchObject({ items: [] });
    });

    it('sends its activities and its runs to nobody else', async () => {
      const watch = (as: TestPerson) =>
        openSse(`${backend.url}/api/events?after=0&runs=${hidden.run_id}`, { headers: as.key });
      const [own, ...others] = await Promise.all([creator, ...people.values()].map(watch));
      for (const stream of others)
        await stream.until((all) => all.some(({ event }) => event === 'run.error'));
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
        const [, , session] = await call(operation('readSession'), as, hidden);
        expect(JSON.parse(session)).toMatchObject({
          title: expect.stringContaining(SECRET),
          visibility: 'private',
          owner_id: creator.userId,
        });
        expect((await call(operation('readRun'), as, hidden))[2]).toContain(SECRET);
        expect((await call(operation('listSessions'), as, hidden))[2]).toContain(SECRET);
        expect((await call(operation('listAllRuns'), as, hidden))[2]).toContain(SECRET);
      }
    });

    it('is watched by its owner alone, also by those who did when it was for all', async () => {
      const ids = await startSession();
      await call(operation('cancelRun'), creator.key, ids);
      const watchers = async (as: TestPerson) => {
        const [, , presence] = await call(operation('announcePresence'), as.key, ids);
        return (JSON.parse(presence) as Presence).watchers.map(({ user_id: id }) => id);
      };
      expect(await watchers(person('member'))).toEqual([person('member').userId]);
      expect(await watchers(creator)).toEqual([person('member').userId, creator.userId]);
      expect((await change({ visibility: 'private' }, creator.key, ids)).status).toBe(200);
      expect(await watchers(creator)).toEqual([creator.userId]);
    });

    it('lets an admin stop its run and delete it, without a word of what is in it', async () => {
      const { key } = person('admin');
      const ids = await startSession('private');
      const [status, , session] = await call(operation('readSession'), key, ids);
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
      const [stopped, , run] = await call(operation('cancelRun'), key, ids);
      expect([stopped, JSON.parse(run)]).toMatchObject([202, { run_id: ids.run_id, prompt: '' }]);
      expect(told(run).toSorted()).toEqual([...always, 'run_id', 'kind', 'cancelled_by'].toSorted());
      expect(session + run).not.toContain(SECRET);
      expect(await statusOf('deleteSession', key, ids)).toBe(204);
      expect(await statusOf('readSession', creator.key, ids)).toBe(404);
    });

    it('goes over to the member to whom its owner gives it, and remains private', async () => {
      const ids = await startSession('private');
      const [heir, owner] = [person('member'), person('owner')];
      const give = (as: TestPerson, to: TestPerson | string) =>
        change({ owner_id: typeof to === 'string' ? to : to.userId }, as.key, ids);
      const answer = async (response: Response) => [response.status, (await response.json()) as object];
      expect(await answer(await give(creator, heir))).toMatchObject([409, { code: 'session_busy' }]);
      await call(operation('cancelRun'), creator.key, ids);
      expect(await answer(await give(creator, 'nobody'))).toMatchObject([404, { code: 'member_not_found' }]);
      expect(await answer(await give(creator, person('viewer')))).toMatchObject([
        400,
        { code: 'invalid_request' },
      ]);
      expect(await answer(await give(owner, owner))).toMatchObject([404, { code: 'session_not_found' }]);
      const [mine, heirs] = await Promise.all(
        [creator, heir].map((as) => openSse(`${backend.url}/api/events`, { headers: as.key })),
      );
      const outline = { title: 'Private session', owner_id: heir.userId, visibility: 'private' };
      expect(await answer(await give(creator, heir))).toMatchObject([200, outline]);
      expect(await statusOf('readSession', creator.key, ids)).toBe(404);
      expect(await statusOf('readRun', creator.key, ids)).toBe(404);
      const [, , session] = await call(operation('readSession'), heir.key, ids);
      expect(JSON.parse(session)).toMatchObject({ title: SECRET, owner_id: heir.userId });
      await mine?.until((all) => all.some(({ event }) => event === 'session.hidden'));
      await heirs?.until((all) => all.some(({ data }) => data.includes(SECRET)));
      expect(await events(mine as NonNullable<typeof mine>)).not.toContain(SECRET);
      for (const stream of [mine, heirs]) stream?.close();
    });

    it('does not exist for a key of an admin without that scope', async () => {
      const scopes = PERMISSIONS.filter((permission) => permission !== 'sessions:oversee');
      const { key } = await backend.app.get<Auth>(AUTH).api.createApiKey({
        body: {
          name: 'spec',
          userId: person('admin').userId,
          metadata: { tenantId },
          permissions: { scopes },
        },
      });
      for (const id of OVERSEEING)
        expect([id, await statusOf(id, { authorization: `Bearer ${key}` }, hidden)]).toEqual([id, 404]);
    });

    it('does not exist for a service account', async () => {
      const { key } = await createServiceAccount(backend, tenantId, 'member');
      for (const id of [...OVERSEEING, 'readRun'])
        expect([id, await statusOf(id, key, hidden)]).toEqual([id, 404]);
      expect((await call(operation('listSessions'), key, hidden))[2]).not.toContain(hidden.session_id);
    });

    it('begins when its creator says so and no run is open, and ends when its creator says so', async () => {
      const ids = await startSession();
      const stream = await openSse(`${backend.url}/api/events`, { headers: person('member').key });
      const refused = await change({ visibility: 'private' }, person('owner').key, ids);
      expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'forbidden' }]);
      const busy = await change({ visibility: 'private' }, creator.key, ids);
      expect([busy.status, await busy.json()]).toMatchObject([409, { code: 'session_busy' }]);
      await call(operation('cancelRun'), creator.key, ids);
      const changed = await change({ visibility: 'private' }, creator.key, ids);
      expect([changed.status, await changed.json()]).toMatchObject([200, { visibility: 'private' }]);
      expect(await statusOf('readSession', person('member').key, ids)).toBe(404);
      expect(await statusOf('readRun', person('member').key, ids)).toBe(404);
      await stream.until((all) =>
        all.some(({ event, data }) => event === 'session.hidden' && data.includes(ids.session_id)),
      );
      await change({ visibility: 'tenant' }, creator.key, ids);
      expect((await call(operation('readRun'), person('member').key, ids))[2]).toContain(SECRET);
      stream.close();
    });
  });

  /*
   * With a permission alone, an operation is open that requires it and nothing else. With all others, it is refused. Together: it
   * requires exactly this one.
   */
  const setsFor = (permission: Permission) => ({
    operations: operations.filter(({ id }) => OPERATIONS[id]?.requires === permission),
    alone: [permission],
    others: PERMISSIONS.filter((each) => each !== permission),
    required: requiring((each) => each === permission),
  });

  it.each(PERMISSIONS)(
    'opens what requires %s to a role with nothing else, and to none without it',
    async (permission) => {
      const { operations: among, alone, others, required } = setsFor(permission);
      const before = new Set(table.get('member'));
      const refusedToRole = (permissions: readonly Permission[]) => {
        table.set('member', new Set(permissions));
        return refusedWith('forbidden', person('member').key, NOTHING, among);
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
      const { userId } = person('owner');
      const refusedToKey = async (scopes: readonly Permission[]) => {
        const { key } = await backend.app.get<Auth>(AUTH).api.createApiKey({
          body: { name: 'spec', userId, metadata: { tenantId }, permissions: { scopes: [...scopes] } },
        });
        return refusedWith('forbidden', { authorization: `Bearer ${key}` }, NOTHING, among);
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

describe('a controller', () => {
  @Controller('declared')
  class DeclaredController {
    @Get('mine')
    @RequirePermission('sessions:read')
    mine() {}

    @Get('open')
    @Public()
    open() {}

    notARoute() {}
  }

  @Controller('undeclared')
  class UndeclaredController extends DeclaredController {
    @Get('forgotten')
    forgotten() {}
  }

  const start = async (controller: typeof DeclaredController) => {
    @Module({
      imports: [DiscoveryModule],
      controllers: [controller],
      providers: [RoutePermissions, { provide: ROLE_TABLE, useFactory: roleTable }],
    })
    class SpecModule {}
    const app = await NestFactory.create(SpecModule, { logger: false, abortOnError: false });
    try {
      await app.init();
    } finally {
      await app.close();
    }
  };

  it('starts when each of its routes names a permission or is public', async () => {
    await expect(start(DeclaredController)).resolves.toBeUndefined();
  });

  it('keeps the application from starting when one of its routes names neither', async () => {
    await expect(start(UndeclaredController)).rejects.toThrow(
      'Add @RequirePermission() or @Public() to UndeclaredController.forgotten.',
    );
  });
});
