import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  CreatedInvitation,
  Invitation,
  InvitationPreview,
  MemberPage,
} from '@saas-codex/contracts/members';
import type { SignInOptions } from '@saas-codex/contracts/sign-in';
import type { Me } from '@saas-codex/contracts/identity';
import type { Role } from '@saas-codex/contracts/permissions';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { type Tenant, TENANT_GRACE_DAYS, type TenantPage } from '@saas-codex/contracts/tenants';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, createTenant, signIn, type TestPerson } from '@saas-codex/testing/backend/people';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';
import { StreamAccess } from '../src/identity/stream-access.js';
import { TenantReconciler } from '../src/tenants/tenant-reconciler.js';

type Headers = Record<string, string>;

let backend: TestBackend;
beforeAll(async () => {
  backend = await startBackend({ MAX_TENANTS_PER_OWNER: '4' });
});
afterAll(() => backend.stop());

const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);

async function call<T = { code: string }>(as: Headers, method: string, path: string, body?: object) {
  const answer = await fetch(backend.url + path, {
    method,
    headers: {
      ...as,
      ...('cookie' in as && { origin: backend.url }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: (text ? JSON.parse(text) : null) as T };
}
const outcome = async (answer: Promise<{ status: number; body: unknown }>) => {
  const { status, body } = await answer;
  return status < 300 ? status : [status, (body as { code: string }).code];
};

/** A tenant of its own for each case, with one person of each of these roles. */
async function tenantWith<R extends string>(...roles: R[]) {
  const tenantId = await createTenant(backend, 'Acme');
  const people = {} as Record<R, TestPerson>;
  for (const name of roles)
    people[name] = await createPerson(backend, tenantId, name.replace(/\d/, '') as Role);
  return { tenantId, ...people };
}
const rolesIn = async (tenantId: string) =>
  (await sql<{ role: Role }>('SELECT role FROM members WHERE tenant_id = $1 ORDER BY role', [tenantId])).map(
    ({ role }) => role,
  );

describe('members', () => {
  it('are listed page by page, in the order in which they joined', async () => {
    const { viewer, owner, admin } = await tenantWith('owner', 'admin', 'viewer');
    const first = await call<MemberPage>(viewer.key, 'GET', '/api/members?limit=2');
    const rest = await call<MemberPage>(
      viewer.key,
      'GET',
      `/api/members?limit=2&cursor=${first.body.next_cursor}`,
    );
    const ids = [...first.body.items, ...rest.body.items].map(({ user_id }) => user_id);
    expect(ids).toEqual([owner.userId, admin.userId, viewer.userId]);
    expect(rest.body.next_cursor).toBeNull();
    expect(first.body.items[0]).toMatchObject({ email: owner.email, role: 'owner' });
  });

  it('get the role that an admin gives them', async () => {
    const { admin, member } = await tenantWith('owner', 'admin', 'member');
    const path = `/api/members/${member.userId}`;
    expect(await outcome(call(admin.key, 'PATCH', path, { role: 'viewer' }))).toBe(200);
    expect((await call<Me>(member.key, 'GET', '/api/me')).body.role).toBe('viewer');
  });

  it('become or stop being owners only by an owner', async () => {
    const { tenantId, owner, owner2, admin, member } = await tenantWith('owner', 'owner2', 'admin', 'member');
    const before = await rolesIn(tenantId);
    for (const [method, who, body] of [
      ['PATCH', member, { role: 'owner' }],
      ['PATCH', admin, { role: 'owner' }],
      ['PATCH', owner, { role: 'viewer' }],
      ['DELETE', owner, undefined],
    ] as const)
      expect(await outcome(call(admin.cookie, method, `/api/members/${who.userId}`, body))).toEqual([
        403,
        'forbidden',
      ]);
    expect(await rolesIn(tenantId)).toEqual(before);
    expect(await outcome(call(owner.key, 'PATCH', `/api/members/${member.userId}`, { role: 'owner' }))).toBe(
      200,
    );
    expect(await outcome(call(owner.key, 'DELETE', `/api/members/${owner2.userId}`))).toBe(204);
  });

  it.each<[string, (of: TestPerson, by: TestPerson, tenantId: string) => Promise<unknown>]>([
    ['demote', (of, by) => call(by.key, 'PATCH', `/api/members/${of.userId}`, { role: 'member' })],
    ['remove', (of, by) => call(by.key, 'DELETE', `/api/members/${of.userId}`)],
    ['leave it', (of, _, tenantId) => call(of.key, 'POST', `/api/tenants/${tenantId}/leave`)],
  ])('keep an owner, also when two owners %s at the same time', async (_, act) => {
    for (let round = 0; round < 10; round++) {
      const { tenantId, owner, owner2 } = await tenantWith('owner', 'owner2');
      await Promise.all([act(owner, owner2, tenantId), act(owner2, owner, tenantId)]);
      expect((await rolesIn(tenantId)).filter((role) => role === 'owner')).toHaveLength(1);
    }
  });

  it('cannot leave when they are the last owner', async () => {
    const { tenantId, owner } = await tenantWith('owner', 'member');
    expect(await outcome(call(owner.key, 'POST', `/api/tenants/${tenantId}/leave`))).toEqual([
      409,
      'last_owner',
    ]);
    expect(
      await outcome(call(owner.key, 'PATCH', `/api/members/${owner.userId}`, { role: 'admin' })),
    ).toEqual([409, 'last_owner']);
  });

  it('lose their requests, keys and streams when they are removed', async () => {
    const { admin, member } = await tenantWith('owner', 'admin', 'member');
    const streams = await Promise.all(
      [member.cookie, member.key].map((headers) => openSse(`${backend.url}/api/events`, { headers })),
    );
    expect(await outcome(call(admin.key, 'DELETE', `/api/members/${member.userId}`))).toBe(204);
    for (const headers of [member.cookie, member.key])
      expect(await outcome(call(headers, 'GET', '/api/me'))).toEqual([401, 'unauthenticated']);
    // The page to which they come then can say why.
    const signedInAs = async (headers: Headers) =>
      (await call<SignInOptions>(headers, 'GET', '/api/auth/options')).body.signed_in_as;
    expect([await signedInAs(member.cookie), await signedInAs({})]).toEqual([member.email, null]);
    await backend.app.get(StreamAccess).tick();
    for (const stream of streams) await stream.ended();
    expect(await sql('SELECT FROM api_keys WHERE id = $1', [member.keyId])).toEqual([]);
    expect(await outcome(call(admin.key, 'DELETE', `/api/members/${member.userId}`))).toEqual([
      404,
      'member_not_found',
    ]);
  });
});

describe('an invitation', () => {
  async function invite(
    as: Headers,
    body: object = {},
  ): Promise<{ token: string; invitation: CreatedInvitation }> {
    const { status, body: invitation } = await call<CreatedInvitation>(as, 'POST', '/api/invitations', body);
    expect(status).toBe(201);
    return { invitation, token: new URL(invitation.link ?? '').hash.replace('#token=', '') };
  }
  const accept = (as: Headers, token: string, account?: object) =>
    call(as, 'POST', '/api/invitations/accept', { token, ...(account && { new_account: account }) });
  const outsider = async () => createPerson(backend, await createTenant(backend, 'Elsewhere'), 'member');
  let emails = 0;
  const newAccount = () => ({ name: 'Ada', email: `ada-${emails++}@example.com` });

  it('tells its holder what it is for, and nothing else', async () => {
    const { admin } = await tenantWith('owner', 'admin');
    const { token } = await invite(admin.key, { role: 'viewer', email: 'Ada@Example.com' });
    const { body } = await call<InvitationPreview>({}, 'POST', '/api/invitations/look-up', { token });
    expect(body).toEqual({
      tenant_name: 'Acme',
      role: 'viewer',
      email: 'ada@example.com',
      invited_by: 'The admin',
      expires_at: expect.any(String),
      signed_in_as: null,
    });
  });

  it('lets a person who is signed in join, and switches to the tenant', async () => {
    const { tenantId, admin } = await tenantWith('owner', 'admin');
    const { token } = await invite(admin.key, { role: 'viewer' });
    const person = await outsider();
    expect(await outcome(accept(person.cookie, token))).toBe(204);
    const me = (await call<Me>(person.cookie, 'GET', '/api/me')).body;
    expect([me.tenant.tenant_id, me.role]).toEqual([tenantId, 'viewer']);
    expect(await outcome(accept((await outsider()).cookie, token))).toEqual([410, 'link_invalid']);
  });

  it('lets a new person create an account, and signs them in', async () => {
    const { tenantId, admin } = await tenantWith('owner', 'admin');
    const { token } = await invite(admin.key);
    const account = newAccount();
    const { status, headers } = await accept({}, token, account);
    expect(status).toBe(204);
    const cookie = headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const me = (await call<Me>({ cookie }, 'GET', '/api/me')).body;
    expect(me).toMatchObject({ user: account, tenant: { tenant_id: tenantId }, role: 'member' });
    // Whoever invites has seen the link, so it proves no address.
    expect(await sql('SELECT email_verified FROM users WHERE email = $1', [account.email])).toEqual([
      { email_verified: false },
    ]);
  });

  it('that a browser accepts as a new person ends its sign-in as another one', async () => {
    const { admin } = await tenantWith('owner', 'admin');
    const { token } = await invite(admin.key);
    const { cookie } = await outsider();
    expect(await outcome(accept(cookie, token, newAccount()))).toBe(204);
    expect(await outcome(call(cookie, 'GET', '/api/me'))).toEqual([401, 'unauthenticated']);
  });

  it('is used by one of many who try at the same time, and leaves no account of the others', async () => {
    const { tenantId, admin } = await tenantWith('owner', 'admin');
    const { token } = await invite(admin.key);
    const accounts = Array.from({ length: 10 }, newAccount);
    const answers = await Promise.all(accounts.map((account) => accept({}, token, account)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(9);
    expect(await rolesIn(tenantId)).toEqual(['admin', 'member', 'owner']);
    const created = await sql('SELECT FROM users WHERE email = ANY($1)', [
      accounts.map(({ email }) => email),
    ]);
    expect(created).toHaveLength(1);
  });

  it('never signs anybody in to an account that exists', async () => {
    const { admin } = await tenantWith('owner', 'admin');
    const victim = await outsider();
    const bound = await invite(admin.key, { email: victim.email });
    const open = await invite(admin.key);
    for (const [token, email] of [
      [bound.token, undefined],
      [open.token, victim.email],
    ] as const) {
      const { status, headers, body } = await accept({}, token, { name: 'Mallory', ...(email && { email }) });
      expect([status, body.code, headers.getSetCookie()]).toEqual([409, 'address_taken', []]);
    }
    expect(await outcome(accept({}, bound.token))).toEqual([401, 'unauthenticated']);
    expect(await outcome(accept(victim.cookie, bound.token))).toBe(204);
  });

  it('for one address is refused to others', async () => {
    const { admin } = await tenantWith('owner', 'admin');
    const { token } = await invite(admin.key, { email: 'only@example.com' });
    expect(await outcome(accept((await outsider()).cookie, token))).toEqual([400, 'invalid_request']);
    expect(await outcome(accept({}, token, newAccount()))).toEqual([400, 'invalid_request']);
    expect(await outcome(accept({}, token, { name: 'Ada' }))).toBe(204);
  });

  it.each<
    [string, (of: { admin: TestPerson; owner: TestPerson; invitation: Invitation }) => Promise<unknown>]
  >([
    [
      'was revoked',
      ({ admin, invitation }) => call(admin.key, 'DELETE', `/api/invitations/${invitation.invitation_id}`),
    ],
    [
      'has expired',
      ({ invitation }) =>
        sql(`UPDATE invitations SET expires_at = now() - interval '1 second' WHERE id = $1`, [
          invitation.invitation_id,
        ]),
    ],
    [
      'was made by a person who was removed',
      ({ owner, admin }) => call(owner.key, 'DELETE', `/api/members/${admin.userId}`),
    ],
    [
      'was made by a person who may no longer invite',
      ({ owner, admin }) => call(owner.key, 'PATCH', `/api/members/${admin.userId}`, { role: 'member' }),
    ],
  ])('does not work when it %s', async (_, spoil) => {
    const { tenantId, owner, admin } = await tenantWith('owner', 'admin');
    const { token, invitation } = await invite(admin.key);
    await spoil({ owner, admin, invitation });
    const before = await rolesIn(tenantId);
    expect(await outcome(call({}, 'POST', '/api/invitations/look-up', { token }))).toEqual([
      410,
      'link_invalid',
    ]);
    expect(await outcome(accept({}, token, newAccount()))).toEqual([410, 'link_invalid']);
    expect(await outcome(accept((await outsider()).cookie, token))).toEqual([410, 'link_invalid']);
    expect(await rolesIn(tenantId)).toEqual(before);
    const listed = await call<{ items: Invitation[] }>(owner.key, 'GET', '/api/invitations');
    expect(listed.body.items).toEqual([]);
  });

  it('shows its link once, and is kept as a hash only', async () => {
    const { owner, admin } = await tenantWith('owner', 'admin');
    const headers = { ...owner.key, 'idempotency-key': 'once' };
    const { token, invitation } = await invite(headers, { role: 'owner' });
    const again = await call<CreatedInvitation>(headers, 'POST', '/api/invitations', { role: 'owner' });
    expect(again.body).toEqual({ ...invitation, link: null });
    for (const table of ['invitations', 'idempotency_keys'])
      expect(JSON.stringify(await sql(`SELECT * FROM ${table}`))).not.toContain(token);
    expect(await outcome(call(admin.key, 'POST', '/api/invitations', { role: 'owner' }))).toEqual([
      403,
      'forbidden',
    ]);
  });
});

describe('a tenant', () => {
  const create = async (as: Headers, name: string) =>
    (await call<Tenant>(as, 'POST', '/api/tenants', { name })).body;
  const stateOf = async (tenantId: string) =>
    (
      await sql<{ deleted: boolean }>('SELECT deleted_at IS NOT NULL AS deleted FROM tenants WHERE id = $1', [
        tenantId,
      ])
    )[0];

  it('is created by an owner, chosen by a browser, and renamed', async () => {
    const { tenantId, owner } = await tenantWith('owner');
    const made = await create(owner.cookie, 'Second');
    expect(made).toMatchObject({ name: 'Second', role: 'owner', current: false, deletes_at: null });
    expect(await outcome(call(owner.cookie, 'POST', `/api/tenants/${made.tenant_id}/choose`))).toBe(204);
    const listed = await call<TenantPage>(owner.cookie, 'GET', '/api/tenants');
    expect(listed.body.items.map(({ tenant_id, current }) => [tenant_id, current])).toEqual([
      [tenantId, false],
      [made.tenant_id, true],
    ]);
    const rename = (id: string) =>
      outcome(call(owner.cookie, 'PATCH', `/api/tenants/${id}`, { name: 'Renamed' }));
    expect([await rename(made.tenant_id), await rename(tenantId)]).toEqual([200, [404, 'tenant_not_found']]);
    // Another browser of the same person, and their key, stay where they were.
    const other = await signIn(backend, owner.email);
    for (const as of [other, owner.key])
      expect((await call<Me>(as, 'GET', '/api/me')).body.tenant.tenant_id).toBe(tenantId);
    expect((await call<TenantPage>(owner.key, 'GET', '/api/tenants')).body.items).toHaveLength(1);
  });

  it('is one of at most as many as a setting allows, also of those that are created at the same time', async () => {
    const { owner, admin } = await tenantWith('owner', 'admin');
    const headers = (key: string) => ({ ...owner.cookie, 'idempotency-key': key });
    const post = (key: string) => outcome(call(headers(key), 'POST', '/api/tenants', { name: 'More' }));
    // Whoever becomes an owner waits for this, after the counting.
    const holder = backend.app.get(DataSource).createQueryRunner();
    await holder.startTransaction();
    await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [owner.userId]);
    const posts = ['a', 'b', 'c', 'd', 'e', 'f'].map(post);
    const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await waitFor(async () => (await sql(waiting)).length > 0);
    // Meanwhile the others have begun, too.
    for (let turn = 0; turn < 5; turn += 1) await call<Me>(owner.key, 'GET', '/api/me');
    await holder.commitTransaction();
    await holder.release();
    const answers = await Promise.all(posts);
    const made = answers.flatMap((answer, index) => (answer === 201 ? ['abcdef'[index] ?? ''] : []));
    expect(made).toHaveLength(3);
    expect(answers.filter((answer) => answer !== 201)).toEqual(
      Array.from({ length: 3 }, () => [409, 'tenant_limit']),
    );
    // What was created is answered again; what was refused is not kept.
    expect(await post(made[0] ?? '')).toBe(201);
    const owned = `SELECT FROM members WHERE user_id = $1 AND role = 'owner'`;
    expect(await sql(owned, [owner.userId])).toHaveLength(4);
    // Those of others count for others only.
    await sql(`UPDATE members SET role = 'owner' WHERE user_id = $1`, [admin.userId]);
    expect(await outcome(call(admin.cookie, 'POST', '/api/tenants', { name: 'Mine' }))).toBe(201);
  });

  it('is not chosen by a person who does not belong to it', async () => {
    const { owner } = await tenantWith('owner');
    const other = await createTenant(backend, 'Not theirs');
    expect(await outcome(call(owner.cookie, 'POST', `/api/tenants/${other}/choose`))).toEqual([
      404,
      'tenant_not_found',
    ]);
    expect((await call<Me>(owner.cookie, 'GET', '/api/me')).body.tenant.name).toBe('Acme');
  });

  it('lands a person who leaves it in another one of theirs', async () => {
    const { tenantId, owner } = await tenantWith('owner', 'owner2');
    const { tenant_id: second } = await create(owner.cookie, 'Second');
    await call(owner.cookie, 'POST', `/api/tenants/${tenantId}/choose`);
    expect(await outcome(call(owner.cookie, 'POST', `/api/tenants/${tenantId}/leave`))).toBe(204);
    expect((await call<Me>(owner.cookie, 'GET', '/api/me')).body.tenant.tenant_id).toBe(second);
    expect(await outcome(call(owner.key, 'GET', '/api/me'))).toEqual([401, 'unauthenticated']);
  });

  it('stops when it is deleted by its name, and is as before when it is restored', async () => {
    const { tenantId, owner, member } = await tenantWith('owner', 'member');
    const session = await call<Session>(
      { ...owner.key, prefer: 'respond-async' },
      'POST',
      '/api/sessions',
      {},
    );
    const path = `/api/sessions/${session.body.session_id}`;
    const run = (await call<Run>(owner.key, 'POST', `${path}/prompt`, { prompt: 'Go' })).body;
    const stream = await openSse(`${backend.url}/api/events`, { headers: member.key });
    const remove = (name: string) =>
      call<Tenant>(owner.key, 'DELETE', `/api/tenants/${tenantId}?name=${name}`);
    expect(await outcome(remove('acme'))).toEqual([409, 'tenant_name_wrong']);
    const { status, body } = await remove('Acme');
    const days = (Date.parse(body.deletes_at ?? '') - Date.now()) / 86_400_000;
    expect([status, Math.round(days)]).toEqual([200, TENANT_GRACE_DAYS]);
    expect(await outcome(call(member.key, 'GET', '/api/sessions'))).toEqual([403, 'forbidden']);
    expect(await outcome(call(member.key, 'POST', `${path}/prompt`, { prompt: 'Go' }))).toEqual([
      403,
      'forbidden',
    ]);
    expect((await call<Me>(member.key, 'GET', '/api/me')).body.tenant.deletes_at).toBe(body.deletes_at);
    expect(await outcome(call(member.key, 'POST', `/api/tenants/${tenantId}/restore`))).toEqual([
      403,
      'forbidden',
    ]);
    await backend.app.get(StreamAccess).tick();
    await stream.ended();
    await waitFor(async () => {
      const [row] = await sql<{ status: string }>('SELECT status FROM runs WHERE id = $1', [run.run_id]);
      return row?.status === 'cancelled';
    });
    expect(await outcome(call(owner.key, 'POST', `/api/tenants/${tenantId}/restore`))).toBe(200);
    expect(await outcome(call(member.key, 'GET', path))).toBe(200);
  });

  it('is removed with everything in it when the time to restore it is over', async () => {
    const { tenantId, owner } = await tenantWith('owner', 'member');
    await call({ ...owner.key, prefer: 'respond-async' }, 'POST', '/api/sessions', {});
    await call(owner.key, 'DELETE', `/api/tenants/${tenantId}?name=Acme`);
    const past = `UPDATE tenants SET deleted_at = now() - make_interval(days => ${TENANT_GRACE_DAYS}) WHERE id = $1`;
    await sql(past, [tenantId]);
    const reconciler = backend.app.get(TenantReconciler);
    await reconciler.kick({ tenantId });
    for (const credential of [owner.key, owner.cookie])
      expect(await outcome(call(credential, 'POST', `/api/tenants/${tenantId}/restore`))).toEqual([
        401,
        'unauthenticated',
      ]);
    await waitFor(async () => {
      await reconciler.kick({ tenantId });
      return (await stateOf(tenantId)) === undefined;
    });
    for (const table of ['sessions', 'members', 'runs', 'invitations'])
      expect(await sql(`SELECT FROM ${table} WHERE tenant_id = $1`, [tenantId])).toEqual([]);
    expect(await sql('SELECT FROM api_keys WHERE id = $1', [owner.keyId])).toEqual([]);
  });

  it('remains in an installation, also when the last two are deleted at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      await sql('UPDATE tenants SET deleted_at = NULL');
      const [one, two] = [await tenantWith('owner'), await tenantWith('owner')];
      const last = [one.tenantId, two.tenantId];
      await sql('UPDATE tenants SET deleted_at = now() WHERE NOT id = ANY($1)', [last]);
      const answers = await Promise.all(
        [one, two].map(({ tenantId, owner }) =>
          outcome(call(owner.key, 'DELETE', `/api/tenants/${tenantId}?name=Acme`)),
        ),
      );
      expect(answers).toEqual(expect.arrayContaining([200, [409, 'last_tenant']]));
    }
    await sql('UPDATE tenants SET deleted_at = NULL');
  });
});
