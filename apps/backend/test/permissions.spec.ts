import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Me } from '@saas-codex/contracts/identity';
import type { Invitation } from '@saas-codex/contracts/members';
import {
  type Permission,
  PERMISSIONS,
  permissionsOf,
  type Role,
  ROLES,
} from '@saas-codex/contracts/permissions';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { DataSource } from 'typeorm';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, createTenant, type TestPerson } from '@saas-codex/testing/backend/people';
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

interface Row {
  requires: Permission | 'public';
  /** A body that the operation accepts. */
  body?: object;
  /** Not for API keys. */
  personal?: true;
  /** Names things by query. */
  query?: (ids: Ids) => string;
}

/** Every operation of the OpenAPI document, by its operationId: what it requires, and a request that it accepts. */
const OPERATIONS: Record<string, Row> = {
  readHealth: { requires: 'public' },
  readReadiness: { requires: 'public' },
  signIn: { requires: 'public', body: { token: 'x' } },
  readSignInOptions: { requires: 'public' },
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
  resetMemberPassword: { requires: 'members:reset_password', personal: true },
  readMe: { requires: 'account:read' },
  readSystem: { requires: 'system:read' },
  readUsage: { requires: 'usage:read' },
  createSession: { requires: 'sessions:write', body: { title: 'New' } },
  listSessions: { requires: 'sessions:read' },
  readSession: { requires: 'sessions:read' },
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
  listApiKeys: { requires: 'api_keys:own' },
  createApiKey: { requires: 'api_keys:own', body: { name: 'New' } },
  revokeApiKey: { requires: 'api_keys:own' },
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
  sign_in_id: string;
}
const NOTHING: Ids = {
  session_id: randomUUID(),
  run_id: randomUUID(),
  tenant_id: randomUUID(),
  user_id: randomUUID(),
  invitation_id: randomUUID(),
  key_id: randomUUID(),
  sign_in_id: randomUUID(),
};

interface Operation {
  id: string;
  method: string;
  path: string;
}
type Answer = [status: number, code: string | null, text: string];

/**
 * The matrix of operations × callers. Every operation of the OpenAPI document is called as each of them, streams included:
 *
 *     nobody, an expired key, a person who was removed …    refused, whatever it is
 *     each role, by cookie and by key                       refused what libs/contracts/src/permissions.ts does not give it
 *     the owner of another tenant                           finds nothing, as if it did not exist
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
    ours = {
      session_id,
      run_id: ((await run.json()) as Run).run_id,
      tenant_id: tenantId,
      user_id: person('member').userId,
      sign_in_id: signIn?.id ?? '',
      invitation_id: ((await invited.json()) as Invitation).invitation_id,
      key_id: person('member').keyId,
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

  /**
   * Calls an operation. Of a stream only the answer's head is read.
   * @param body 'refused': one that nothing accepts, so that what is allowed has no effect
   */
  async function call(
    { id, method, path }: Operation,
    as: Record<string, string>,
    ids: Ids,
    body: 'accepted' | 'refused' = 'accepted',
  ): Promise<Answer> {
    const row = OPERATIONS[id];
    const sent = body === 'accepted' ? row?.body : [];
    const place = path.replace(/\{(\w+)\}/g, (_, name: keyof Ids) => ids[name]);
    const answer = await fetch(`${backend.url}${place}${row?.query ? `?${row.query(ids)}` : ''}`, {
      method,
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
    code: 'forbidden' | 'unauthenticated',
    as: Record<string, string>,
    ids = NOTHING,
  ): Promise<string[]> {
    const refused: string[] = [];
    // What is allowed comes last if it ends what identifies the browser.
    for (const operation of operations.toSorted(
      (a, b) => Number(a.id === 'signOut') - Number(b.id === 'signOut'),
    )) {
      const [status, found] = await call(operation, as, ids, ids === NOTHING ? 'refused' : 'accepted');
      if (found !== code) continue;
      expect([operation.id, status]).toEqual([operation.id, code === 'forbidden' ? 403 : 401]);
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

  it.each(PERMISSIONS)('refuses a role that has every permission but %s', async (withheld) => {
    const before = new Set(table.get('member'));
    table.set('member', new Set(PERMISSIONS.filter((permission) => permission !== withheld)));
    try {
      expect(await refusedWith('forbidden', person('member').key)).toEqual(
        requiring((permission) => permission === withheld),
      );
    } finally {
      table.set('member', before);
    }
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

  it.each(PERMISSIONS)('refuses a key with every scope but %s', async (withheld) => {
    const scopes = PERMISSIONS.filter((permission) => permission !== withheld);
    const { userId } = person('owner');
    const { key } = await backend.app.get<Auth>(AUTH).api.createApiKey({
      body: { name: 'spec', userId, metadata: { tenantId }, permissions: { scopes } },
    });
    expect(await refusedWith('forbidden', { authorization: `Bearer ${key}` })).toEqual(
      requiring((permission) => permission === withheld),
    );
  });

  it('gives nobody a role that may do more than the scopes of the key', async () => {
    const { userId } = person('owner');
    const keyWith = async (permissions?: Record<string, Permission[]>) => {
      const body = { name: 'spec', userId, metadata: { tenantId }, ...(permissions && { permissions }) };
      return (await backend.app.get<Auth>(AUTH).api.createApiKey({ body })).key;
    };
    const statuses = async (key: string) => {
      const send = async (method: string, path: string, role: Role) => {
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
        return (await fetch(`${backend.url}${path}`, { method, headers, body: JSON.stringify({ role }) }))
          .status;
      };
      return [
        await send('POST', '/api/invitations', 'admin'),
        await send('POST', '/api/invitations', 'viewer'),
        await send('PATCH', `/api/members/${person('member').userId}`, 'member'),
      ];
    };
    expect(await statuses(await keyWith({ scopes: ['members:manage'] }))).toEqual([403, 403, 403]);
    const ofViewer: Permission[] = ['members:manage', ...permissionsOf('viewer')];
    expect(await statuses(await keyWith({ scopes: ofViewer }))).toEqual([403, 201, 403]);
    expect(await statuses(await keyWith())).toEqual([201, 201, 200]);
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
      'chooseTenant',
      'createApiKey',
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
      const anonymous = (body: string, ids: Ids) =>
        Object.values(ids as unknown as Record<string, string>)
          .reduce((text, id) => text.replaceAll(id, 'ID'), body)
          .replace(/"request_id":"[^"]+"/, '');
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
