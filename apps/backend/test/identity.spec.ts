import fs from 'node:fs';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { AUTH, type Auth } from '../src/identity/better-auth.js';
import { createSignInToken, OWNER_EMAIL } from '../src/identity/sign-in-links.js';
import type { ApiKeyPage, CreatedApiKey } from '@saas-codex/contracts/api-keys';
import type { Me } from '@saas-codex/contracts/identity';
import type { Role } from '@saas-codex/contracts/permissions';
import type { Problem } from '@saas-codex/contracts/problems';
import type { ServiceAccount, ServiceAccountPage } from '@saas-codex/contracts/service-accounts';
import type { TenantPage } from '@saas-codex/contracts/tenants';
import {
  createPerson,
  createServiceAccount,
  type TestServiceAccount,
} from '@saas-codex/testing/backend/people';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { StreamAccess } from '../src/identity/stream-access.js';
import { createDatabase } from '@saas-codex/testing/postgres';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';

let backend: TestBackend;
beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.stop());

const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);
const newToken = (of = backend) => createSignInToken(of.app.get<Auth>(AUTH), OWNER_EMAIL);

const signIn = (token: string, url = backend.url) =>
  fetch(`${url}/api/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
const setCookie = (response: Response) => response.headers.getSetCookie()[0] ?? '';
const cookieOf = (response: Response) => setCookie(response).split(';')[0] ?? '';
const me = (headers: Record<string, string>, url = backend.url) => fetch(`${url}/api/me`, { headers });
const problemCode = async (response: Response) => [
  response.status,
  ((await response.json()) as { code: string }).code,
];

describe('a sign-in link', () => {
  it('signs in once, even if many requests use it at the same time', async () => {
    const token = await newToken();
    const answers = await Promise.all(Array.from({ length: 20 }, () => signIn(token)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(19);
    expect(await problemCode(await signIn(token))).toEqual([401, 'sign_in_link_invalid']);
  });

  it('does not work after it has expired', async () => {
    const token = await newToken();
    const [row] = await sql<{ minutes: string }>(
      'SELECT extract(epoch FROM expires_at - created_at) / 60 AS minutes FROM verifications',
    );
    expect(Math.round(Number(row?.minutes))).toBe(30);
    await sql("UPDATE verifications SET expires_at = now() - interval '1 second'");
    expect(await problemCode(await signIn(token))).toEqual([401, 'sign_in_link_invalid']);
  });

  it('is kept as a hash only', async () => {
    const token = await newToken();
    expect(Buffer.from(token, 'base64url').byteLength).toBeGreaterThanOrEqual(32);
    expect(JSON.stringify(await sql('SELECT * FROM verifications'))).not.toContain(token);
  });

  it.each(['', 'x', '../../etc', "' OR 1=1 --"])('refuses %j', async (token) => {
    expect([400, 401]).toContain((await signIn(token)).status);
  });
});

describe('the cookie', () => {
  it('is out of reach of scripts and other sites, and lasts for 30 days', async () => {
    const answer = await signIn(await newToken());
    expect(setCookie(answer)).toMatch(/; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(await (await me({ cookie: cookieOf(answer) })).json()).toMatchObject({
      tenant: { name: 'Personal' },
      role: 'owner',
    });
  });

  it('is Secure where the platform is reached over https', async () => {
    const https = await startBackend({ ...sameAs(backend), PUBLIC_URL: 'https://codex.example.com' });
    try {
      expect(setCookie(await signIn(await newToken(https), https.url))).toMatch(/^__Secure-.*; Secure/);
    } finally {
      await https.stop();
    }
  });

  it('has a name of its own for each copy on a host', async () => {
    const other = await startBackend({ ...sameAs(backend), PUBLIC_URL: 'http://localhost:9200' });
    try {
      const names = [await signIn(await newToken()), await signIn(await newToken(other), other.url)].map(
        (answer) => cookieOf(answer).split('=')[0],
      );
      expect(new Set(names).size).toBe(2);
    } finally {
      await other.stop();
    }
  });

  it('is renewed while it is in use', async () => {
    const cookie = cookieOf(await signIn(await newToken()));
    expect(setCookie(await me({ cookie }))).toBe('');
    await sql("UPDATE user_sessions SET expires_at = now() + interval '28 days'");
    expect(setCookie(await me({ cookie }))).toContain('Max-Age=2592000');
  });

  it('does not work after it has expired', async () => {
    const cookie = cookieOf(await signIn(await newToken()));
    await sql("UPDATE user_sessions SET expires_at = now() - interval '1 second'");
    expect(await problemCode(await me({ cookie }))).toEqual([401, 'unauthenticated']);
  });

  it('does not work after signing out, nor when it was changed', async () => {
    const cookie = cookieOf(await signIn(await newToken()));
    expect((await me({ cookie: `${cookie.slice(0, -6)}AAA%3D` })).status).toBe(401);
    const headers = { cookie, origin: backend.url };
    const out = await fetch(`${backend.url}/api/auth/sign-out`, { method: 'POST', headers });
    expect([out.status, setCookie(out)]).toEqual([204, expect.stringContaining('Max-Age=0')]);
    expect((await me({ cookie })).status).toBe(401);
  });

  it('gives no access to a person who has left the tenant', async () => {
    const cookie = cookieOf(await signIn(await newToken()));
    await sql('CREATE TABLE gone AS SELECT * FROM members');
    await sql('DELETE FROM members');
    expect((await me({ cookie })).status).toBe(401);
    expect((await backend.fetch('/api/me')).status).toBe(401);
    await sql('INSERT INTO members SELECT * FROM gone');
    expect((await me({ cookie })).status).toBe(200);
  });
});

describe('an API token', () => {
  it('works as a Bearer credential', async () => {
    expect((await backend.fetch('/api/me')).status).toBe(200);
    expect((await me({ authorization: `bearer ${backend.ownerToken}` })).status).toBe(200);
  });

  it.each([
    ['no token', 'Bearer'],
    ['one that never existed', 'Bearer cdx_x'],
    ['another scheme', 'Basic b3duZXI6eA=='],
    ['an endless one', `Bearer ${'a'.repeat(5_000)}`],
    ['SQL', "Bearer ' OR 1=1"],
  ])('is refused when it is %s, even together with a valid cookie', async (_, authorization) => {
    const answer = await me({ authorization, cookie: cookieOf(await signIn(await newToken())) });
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    expect(await problemCode(answer)).toEqual([401, 'unauthenticated']);
  });

  it.each(['enabled = false', "expires_at = now() - interval '1 second'", "metadata = '{}'"])(
    'does not work when %s',
    async (change) => {
      const { key, id } = await createKey();
      const authorization = `Bearer ${key}`;
      expect((await me({ authorization })).status).toBe(200);
      await sql(`UPDATE api_keys SET ${change} WHERE id = $1`, [id]);
      expect((await me({ authorization })).status).toBe(401);
    },
  );

  it('acts on behalf of its owner', async () => {
    const created = await backend.post('/api/sessions', { title: 'By key' }, { prefer: 'respond-async' });
    expect(created.status).toBe(201);
    expect(await sql("SELECT created_by FROM sessions WHERE title = 'By key'")).toEqual(
      await sql('SELECT user_id AS created_by FROM members'),
    );
  });

  describe('that a person makes', () => {
    const make = async (as: Record<string, string>, body: object) => {
      const answer = await fetch(`${backend.url}/api/api-keys`, {
        method: 'POST',
        headers: { ...as, 'content-type': 'application/json', origin: backend.url },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: (await answer.json()) as CreatedApiKey & Problem };
    };
    const person = async (role: Role) => {
      const { tenant } = (await (await backend.fetch('/api/me')).json()) as Me;
      return createPerson(backend, tenant.tenant_id, role);
    };

    it('is shown once, and listed with what it may do, until when, and when it was used', async () => {
      const { cookie } = await person('member');
      const headers = { ...cookie, 'idempotency-key': 'key-once' };
      const asked = { name: 'CI', scopes: ['runs:read', 'account:read'], expires_in_days: 30 };
      const { status, body } = await make(headers, asked);
      const { key, ...listed } = body;
      expect([status, key]).toEqual([201, expect.stringMatching(/^cdx_/)]);
      expect((await make(headers, asked)).body).toEqual({ ...listed, key: null });
      expect(JSON.stringify(await sql('SELECT * FROM idempotency_keys'))).not.toContain(key);
      expect(JSON.stringify(await sql('SELECT * FROM api_keys'))).not.toContain(key);
      const days = (Date.parse(body.expires_at ?? '') - Date.now()) / 86_400_000;
      expect([Math.round(days), body.scopes, body.last_used_at]).toEqual([30, asked.scopes, null]);
      const used = (await (await me({ authorization: `Bearer ${key}` })).json()) as Me;
      expect(used.permissions?.toSorted()).toEqual(asked.scopes.toSorted());
      const found = await waitFor(async () => {
        const page = (await (
          await fetch(`${backend.url}/api/api-keys`, { headers: cookie })
        ).json()) as ApiKeyPage;
        return page.items.find(({ key_id, last_used_at }) => key_id === body.key_id && last_used_at !== null);
      });
      expect(found).toEqual({ ...listed, last_used_at: expect.any(String) });
    });

    it('never may more than the person, also when their role changes', async () => {
      const { cookie, userId } = await person('member');
      expect(await make(cookie, { name: 'Too much', scopes: ['members:manage'] })).toMatchObject({
        status: 403,
        body: {
          code: 'forbidden',
          detail: 'Your role does not allow members:manage, so a key of yours cannot.',
        },
      });
      const { key } = (await make(cookie, { name: 'All' })).body;
      await sql("UPDATE members SET role = 'viewer' WHERE user_id = $1", [userId]);
      const authorization = `Bearer ${key}`;
      const answer = await fetch(`${backend.url}/api/sessions`, {
        method: 'POST',
        headers: { authorization },
      });
      expect(await problemCode(answer)).toEqual([403, 'forbidden']);
    });

    it('cannot make keys, and says which scope it lacks', async () => {
      const { cookie, key } = await person('member');
      expect((await make(key, { name: 'Another' })).body.code).toBe('forbidden');
      const narrow = (await make(cookie, { name: 'Narrow', scopes: ['account:read'] })).body;
      const answer = await fetch(`${backend.url}/api/sessions`, {
        headers: { authorization: `Bearer ${narrow.key}` },
      });
      expect(await answer.json()).toMatchObject({
        detail: 'This API key lacks the scope sessions:read. Make another one, with it.',
      });
    });

    it('loses its requests and its streams when it is revoked, by nobody but its person', async () => {
      const { cookie } = await person('member');
      const { key, key_id } = (await make(cookie, { name: 'Old' })).body;
      const authorization = `Bearer ${key}`;
      const stream = await openSse(`${backend.url}/api/events`, { headers: { authorization } });
      const revoke = (headers: Record<string, string>) =>
        fetch(`${backend.url}/api/api-keys/${key_id}`, { method: 'DELETE', headers });
      expect(await problemCode(await revoke((await person('owner')).key))).toEqual([
        404,
        'api_key_not_found',
      ]);
      expect((await revoke({ ...cookie, origin: backend.url })).status).toBe(204);
      expect((await me({ authorization })).status).toBe(401);
      await backend.app.get(StreamAccess).tick();
      await stream.ended();
    });
  });

  it('is kept as a hash only', async () => {
    expect(JSON.stringify(await sql('SELECT * FROM api_keys'))).not.toContain(backend.ownerToken);
  });

  async function createKey() {
    const [owner] = await sql<{ userId: string; tenantId: string }>(
      'SELECT user_id AS "userId", tenant_id AS "tenantId" FROM members',
    );
    if (!owner) throw new Error('The database has no owner.');
    const { userId, tenantId } = owner;
    return backend.app
      .get<Auth>(AUTH)
      .api.createApiKey({ body: { name: 'spec', userId, metadata: { tenantId } } });
  }
});

describe('a service account', () => {
  let tenantId: string;
  beforeAll(async () => {
    tenantId = ((await (await backend.fetch('/api/me')).json()) as Me).tenant.tenant_id;
  });
  const send = (method: string, path: string, as: Record<string, string>, body?: object) =>
    fetch(`${backend.url}/api/${path}`, {
      method,
      headers: { ...as, 'content-type': 'application/json', origin: backend.url, prefer: 'respond-async' },
      ...(body && { body: JSON.stringify(body) }),
    });
  const read = async <T>(answer: Promise<Response>) => (await (await answer).json()) as T;
  const create = async (as: Record<string, string>, body: object) =>
    read<ServiceAccount>(send('POST', 'service-accounts', as, body));
  const keysOf = (id: string) => `service-accounts/${id}/keys`;

  it('is created with keys that are shown once, and acts as itself', async () => {
    const { cookie } = await createPerson(backend, tenantId, 'admin');
    const once = { ...cookie, 'idempotency-key': 'account-once' };
    const account = await create(once, { name: 'CI' });
    expect(account).toMatchObject({ name: 'CI', role: 'member' });
    expect(await create(once, { name: 'CI' })).toEqual(account);
    const { service_account_id: id } = account;
    const listed = await read<ServiceAccountPage>(send('GET', 'service-accounts', cookie));
    expect(listed.items.filter(({ name }) => name === 'CI')).toEqual([account]);

    const headers = { ...cookie, 'idempotency-key': 'account-key-once' };
    const asked = { name: 'Nightly', scopes: ['sessions:write', 'account:read'], expires_in_days: 30 };
    const make = () => read<CreatedApiKey>(send('POST', keysOf(id), headers, asked));
    const { key, ...made } = await make();
    expect(await make()).toEqual({ ...made, key: null });
    for (const table of ['idempotency_keys', 'api_keys'])
      expect(JSON.stringify(await sql(`SELECT * FROM ${table}`))).not.toContain(key);
    const authorization = `Bearer ${key}`;
    expect(await read<Me>(me({ authorization }))).toMatchObject({
      kind: 'service_account',
      user: { user_id: id, name: 'CI', email: '' },
      role: 'member',
      permissions: ['account:read', 'sessions:write'],
    });
    const session = await send('POST', 'sessions', { authorization }, { title: 'By CI' });
    expect(session.status).toBe(201);
    expect(await sql("SELECT created_by FROM sessions WHERE title = 'By CI'")).toEqual([{ created_by: id }]);
    expect(await problemCode(await send('GET', 'sessions', { authorization }))).toEqual([403, 'forbidden']);
    const used = await waitFor(async () => {
      const { items } = await read<ApiKeyPage>(send('GET', keysOf(id), cookie));
      return items.find(({ last_used_at }) => last_used_at !== null);
    });
    expect(used).toEqual({ ...made, last_used_at: expect.any(String) });
    // People's own keys are elsewhere.
    expect((await read<ApiKeyPage>(send('GET', 'api-keys', cookie))).items.map(({ name }) => name)).toEqual([
      'spec',
    ]);
  });

  it('is never an owner, and never may more than its role, also when that changes', async () => {
    const { cookie } = await createPerson(backend, tenantId, 'owner');
    const asOwner = await send('POST', 'service-accounts', cookie, { name: 'Root', role: 'owner' });
    expect(await problemCode(asOwner)).toEqual([400, 'invalid_request']);
    const { serviceAccountId: id, key } = await createServiceAccount(backend, tenantId, 'member');
    const beyond = { name: 'Too much', scopes: ['members:manage'] };
    expect(await read<Problem>(send('POST', keysOf(id), cookie, beyond))).toMatchObject({
      code: 'forbidden',
      detail: 'A service account with the role member may not have members:manage.',
    });
    const update = (body: object) =>
      read<ServiceAccount>(send('PATCH', `service-accounts/${id}`, cookie, body));
    expect(await update({ role: 'viewer' })).toMatchObject({ role: 'viewer' });
    expect(await update({ name: 'Renamed' })).toMatchObject({ name: 'Renamed', role: 'viewer' });
    expect(await problemCode(await send('POST', 'sessions', key, {}))).toEqual([403, 'forbidden']);
  });

  it('manages members and its tenant as an admin, but does not do what is for people', async () => {
    const { key, serviceAccountId: id } = await createServiceAccount(backend, tenantId, 'admin');
    const { userId } = await createPerson(backend, tenantId, 'viewer');
    expect((await send('DELETE', `members/${userId}`, key)).status).toBe(204);
    expect((await send('PATCH', `tenants/${tenantId}`, key, { name: 'Personal' })).status).toBe(200);
    const { items } = await read<TenantPage>(send('GET', 'tenants', key));
    expect(items).toEqual([expect.objectContaining({ tenant_id: tenantId, role: 'admin', current: true })]);
    for (const [path, body] of [
      ['invitations', { role: 'viewer' }],
      ['api-keys', { name: 'Another' }],
      ['service-accounts', { name: 'Another' }],
      [keysOf(id), { name: 'Another' }],
      [`tenants/${tenantId}/leave`, undefined],
    ] as const)
      expect([path, await problemCode(await send('POST', path, key, body))]).toEqual([
        path,
        [403, 'person_required'],
      ]);
  });

  it('gets its keys from people in a browser, not from keys', async () => {
    const { key, cookie } = await createPerson(backend, tenantId, 'admin');
    const { service_account_id: id } = await create(key, { name: 'By key' });
    expect(await problemCode(await send('POST', keysOf(id), key, { name: 'Key' }))).toEqual([
      403,
      'person_required',
    ]);
    expect((await send('POST', keysOf(id), cookie, { name: 'Key' })).status).toBe(201);
  });

  it('stays when the person leaves who created it', async () => {
    const { cookie, userId } = await createPerson(backend, tenantId, 'admin');
    const { service_account_id: id } = await create(cookie, { name: 'Stays' });
    const { key } = await read<CreatedApiKey>(send('POST', keysOf(id), cookie, { name: 'Key' }));
    expect((await send('POST', `tenants/${tenantId}/leave`, cookie)).status).toBe(204);
    await sql('DELETE FROM users WHERE id = $1', [userId]);
    expect((await me({ authorization: `Bearer ${key}` })).status).toBe(200);
  });

  it.each<[string, string, (account: TestServiceAccount) => string, object | undefined]>([
    [
      'its key is revoked',
      'DELETE',
      ({ serviceAccountId, keyId }) => `${keysOf(serviceAccountId)}/${keyId}`,
      undefined,
    ],
    ['it is deleted', 'DELETE', ({ serviceAccountId }) => `service-accounts/${serviceAccountId}`, undefined],
    [
      'its role changes',
      'PATCH',
      ({ serviceAccountId }) => `service-accounts/${serviceAccountId}`,
      { role: 'viewer' },
    ],
  ])('loses its streams when %s, and keeps them until then', async (_, method, path, body) => {
    const { cookie } = await createPerson(backend, tenantId, 'admin');
    const account = await createServiceAccount(backend, tenantId, 'member');
    const stream = await openSse(`${backend.url}/api/events`, { headers: account.key });
    const access = backend.app.get(StreamAccess);
    await access.tick();
    expect(stream.closed()).toBe(false);
    expect((await send(method, path(account), cookie, body)).ok).toBe(true);
    expect((await me(account.key)).status).toBe(method === 'DELETE' ? 401 : 200);
    await access.tick();
    await stream.ended();
    const left = await sql('SELECT FROM api_keys WHERE id = $1', [account.keyId]);
    expect(left).toHaveLength(method === 'DELETE' ? 0 : 1);
  });
});

describe('the guard', () => {
  it("protects every route except the probes, sign-in and the API's documents", async () => {
    const open: string[] = [];
    for (const { method, path } of routesOf(backend)) {
      const url = backend.url + path.replace(/:\w+/g, '00000000-0000-4000-8000-000000000000');
      const answer = await fetch(url, { method: method.toUpperCase(), redirect: 'manual' });
      await answer.body?.cancel();
      if (answer.status !== 401) open.push(`${method} ${path}`);
    }
    expect(open.toSorted()).toEqual([
      'get /api/asyncapi.json',
      'get /api/auth/github/callback',
      'get /api/auth/github/start',
      'get /api/auth/oidc/callback',
      'get /api/auth/oidc/start',
      'get /api/auth/options',
      'get /api/docs',
      'get /api/docs/:file',
      'get /api/docs/start.js',
      'get /api/evidence-keys',
      'get /api/openapi.json',
      'get /health',
      'get /ready',
      'post /api/auth/password-reset',
      'post /api/auth/password-reset/complete',
      'post /api/auth/sign-in',
      'post /api/auth/sign-in/passkey',
      'post /api/auth/sign-in/passkey/options',
      'post /api/auth/sign-in/password',
      'post /api/auth/sign-up',
      'post /api/auth/sign-up/complete',
      'post /api/invitations/accept',
      'post /api/invitations/look-up',
      'post /api/share-links/open',
    ]);
  });
});

describe('the first start', () => {
  it('creates one owner and one tenant when several backends start together, and a token file for each backend', async () => {
    const database = await createDatabase();
    const all = await Promise.all(
      [1, 2, 3].map(() => startBackend({ DATABASE_URL: database.url, REDIS_URL: backend.config.REDIS_URL })),
    );
    try {
      const dataSource = all[0]!.app.get(DataSource);
      const counts = await dataSource.query<object[]>(
        'SELECT (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM tenants) AS tenants',
      );
      expect(counts).toEqual([{ users: 1, tenants: 1 }]);
      for (const one of all) expect((await one.fetch('/api/me')).status).toBe(200);
    } finally {
      await Promise.all(all.map((one) => one.stop()));
      await database.drop();
    }
  });

  it('keeps a token file that works, and replaces one that is missing or does not', async () => {
    const file = backend.config.OWNER_TOKEN_FILE;
    const restart = async () => {
      const again = await startBackend(sameAs(backend));
      await again.close();
      return (await readFile(file, 'utf8')).trim();
    };
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await restart()).toBe(backend.ownerToken);
    for (const spoil of [() => rm(file), () => writeFile(file, 'not-a-token\n')]) {
      await spoil();
      const token = await restart();
      expect((await me({ authorization: `Bearer ${token}` })).status).toBe(200);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    }
  });

  it('creates the token file so that only its owner can read it, from the first byte', async () => {
    const file = backend.config.OWNER_TOKEN_FILE;
    await writeFile(file, 'not-a-token\n', { mode: 0o644 });
    await chmod(file, 0o644);
    const opened = jest.spyOn(fs, 'open');
    try {
      await (await startBackend(sameAs(backend))).close();
      const ofFile = opened.mock.calls.filter(([path]) => String(path).startsWith(file));
      expect(ofFile.map(([, ...how]: unknown[]) => how.slice(0, 2))).toEqual([['w', 0o600]]);
    } finally {
      opened.mockRestore();
    }
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});

const sameAs = ({ config: { DATABASE_URL, REDIS_URL, OWNER_TOKEN_FILE } }: TestBackend) => ({
  DATABASE_URL,
  REDIS_URL,
  OWNER_TOKEN_FILE,
});

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
}

/** Every route that Express really has, documented or not. */
function routesOf({ app }: TestBackend): { method: string; path: string }[] {
  const express = app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
  return express.router.stack.flatMap(({ route }) =>
    route ? Object.keys(route.methods).map((method) => ({ method, path: route.path })) : [],
  );
}
