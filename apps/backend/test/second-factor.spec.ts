import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { base32 } from '@better-auth/utils/base32';
import type { RecoveryCodes, SecondFactorSetup } from '@saas-codex/contracts/second-factor';
import type { Credentials } from '@saas-codex/contracts/sign-in';
import { gatewayMark } from '@saas-codex/service-kit/http/gateway-mark';
import { appCode } from '@saas-codex/testing/authenticator-app';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, createTenant, type TestPerson } from '@saas-codex/testing/backend/people';
import { DataSource } from 'typeorm';

const PASSWORD = 'correct horse battery';
let backend: TestBackend;
let tenantId: string;
beforeAll(async () => {
  backend = await startBackend();
  tenantId = await createTenant(backend, 'Ours');
});
afterAll(() => backend.stop());

const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);
const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(backend.url + path, {
    method,
    headers: {
      'content-type': 'application/json',
      ...('cookie' in headers && { origin: backend.url }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;
const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
const signIn = (email: string, more: object = {}, headers = {}) =>
  send('POST', '/api/auth/sign-in/password', { email, password: PASSWORD, ...more }, headers);
const credentialsOf = async (cookie: string) =>
  (await (await send('GET', '/api/me/credentials', undefined, { cookie })).json()) as Credentials;

/** Somebody who signs in with a password. */
async function person(role: 'owner' | 'admin' | 'member' = 'member'): Promise<TestPerson> {
  const made = await createPerson(backend, tenantId, role);
  expect((await send('PUT', '/api/me/password', { password: PASSWORD }, made.cookie)).status).toBe(204);
  return { ...made, cookie: { cookie: cookieOf(await signIn(made.email)) } };
}

const start = ({ cookie }: TestPerson, password = PASSWORD) =>
  send('PUT', '/api/me/second-factor', { current_password: password }, cookie);
const confirm = ({ cookie }: TestPerson, code: string) =>
  send('PUT', '/api/me/second-factor/confirmation', { code }, cookie);

const shown = ({ secret }: SecondFactorSetup, steps = 0) => appCode(secret, steps);
/** The next code of the app works, as if time had passed. */
const later = () => sql('UPDATE second_factors SET last_step = 0');

/** Somebody with an app. */
async function protectedPerson(role?: Parameters<typeof person>[0]) {
  const who = await person(role);
  const setup = (await (await start(who)).json()) as SecondFactorSetup;
  const answer = await confirm(who, shown(setup));
  expect(answer.status).toBe(200);
  await later();
  return { ...who, setup, codes: ((await answer.json()) as RecoveryCodes).recovery_codes };
}

describe('setting up an authenticator app', () => {
  it('takes the password, counts once it is confirmed, and signs out the other browsers', async () => {
    const who = await person();
    expect(await codeOf(await start(who, 'a wrong password'))).toBe('password_wrong');
    const setup = (await (await start(who)).json()) as SecondFactorSetup;
    expect(setup.uri).toContain(`secret=${setup.secret}&issuer=saas-codex`);
    expect(await codeOf(await confirm(who, '000000000'))).toBe('second_factor_wrong');
    const elsewhere = cookieOf(await signIn(who.email));
    expect(await credentialsOf(elsewhere)).toMatchObject({ second_factor: { enabled: false } });

    const answer = await confirm(who, shown(setup));
    const { recovery_codes } = (await answer.json()) as RecoveryCodes;
    expect(new Set(recovery_codes).size).toBe(10);
    expect(await credentialsOf(who.cookie.cookie)).toMatchObject({
      second_factor: { enabled: true, recovery_codes: 10 },
    });
    expect((await send('GET', '/api/me', undefined, { cookie: elsewhere })).status).toBe(401);
    expect(await codeOf(await start(who))).toBe('second_factor_exists');
    expect(await codeOf(await confirm(who, shown(setup)))).toBe('second_factor_exists');
  });

  it('keeps no secret and no recovery code that can be read, nor one that opens for somebody else', async () => {
    const who = await protectedPerson();
    const rows = JSON.stringify([
      await sql('SELECT * FROM second_factors'),
      await sql('SELECT * FROM recovery_codes'),
    ]);
    const plain = Buffer.from(base32.decode(who.setup.secret)).toString();
    for (const secret of [
      who.setup.secret,
      plain,
      ...who.codes,
      ...who.codes.map((c) => c.replaceAll('-', '')),
    ]) {
      expect(rows).not.toContain(secret);
    }
    const other = await protectedPerson();
    await sql(
      'UPDATE second_factors SET secret = (SELECT secret FROM second_factors WHERE user_id = $1) WHERE user_id = $2',
      [who.userId, other.userId],
    );
    expect(await codeOf(await signIn(other.email, { code: shown(who.setup) }))).toBe('second_factor_wrong');
  });
});

describe('signing in with a password and a code', () => {
  it('takes a code, each of which works once, also for many at the same time', async () => {
    const { email, setup } = await protectedPerson();
    const without = await signIn(email);
    expect([without.status, await codeOf(without), cookieOf(without)]).toEqual([
      401,
      'second_factor_required',
      '',
    ]);
    const code = shown(setup);
    const answers = await Promise.all(Array.from({ length: 5 }, () => signIn(email, { code })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 403, 403, 403, 403]);
    expect(await codeOf(await signIn(email, { code: shown(setup, -1) }))).toBe('second_factor_wrong');
    await later();
    expect(await codeOf(await signIn(email, { code: shown(setup, -3) }))).toBe('second_factor_wrong');
    expect((await signIn(email, { code: shown(setup) })).status).toBe(204);
  });

  it('leaves no sign-in behind when the code is missing or wrong', async () => {
    const { email, userId } = await protectedPerson();
    const count = () => sql('SELECT FROM user_sessions WHERE user_id = $1', [userId]);
    const before = await count();
    await signIn(email);
    await signIn(email, { code: '12345678' });
    expect(await count()).toHaveLength(before.length);
  });

  it('takes each recovery code once, however it is written', async () => {
    const { email, codes, cookie } = await protectedPerson();
    const [code = ''] = codes;
    expect((await signIn(email, { code: code.toLowerCase().replaceAll('-', ' ') })).status).toBe(204);
    expect(await codeOf(await signIn(email, { code }))).toBe('second_factor_wrong');
    expect((await credentialsOf(cookie.cookie)).second_factor?.recovery_codes).toBe(9);
  });

  it('is locked after 10 wrong codes from anywhere; not by wrong passwords, and not for a recovery code', async () => {
    const { email, codes, setup } = await protectedPerson();
    const right = shown(setup);
    const guess = right === '000000' ? '111111' : '000000';
    const from = (n: number) => ({
      'x-gateway-mark': gatewayMark(backend.config.REDIS_URL) ?? '',
      'x-forwarded-for': `203.0.113.${n}`,
    });
    for (let n = 1; n <= 12; n += 1)
      await signIn(email, { password: 'a wrong password', code: guess }, from(n));
    for (let n = 1; n <= 10; n += 1) {
      expect(await codeOf(await signIn(email, { code: guess }, from(n)))).toBe('second_factor_wrong');
    }
    expect(await codeOf(await signIn(email, { code: right }, from(20)))).toBe('sign_in_locked');
    expect((await signIn(email, { code: codes[0] }, from(20))).status).toBe(204);
  });
});

describe('removing the second factor', () => {
  it('takes the password and a code', async () => {
    const who = await protectedPerson();
    const remove = (body: object) => send('PUT', '/api/me/second-factor/removal', body, who.cookie);
    expect(await codeOf(await remove({ code: shown(who.setup) }))).toBe('password_wrong');
    expect(await codeOf(await remove({ current_password: PASSWORD, code: '12345678' }))).toBe(
      'second_factor_wrong',
    );
    expect((await remove({ current_password: PASSWORD, code: shown(who.setup) })).status).toBe(204);
    expect((await signIn(who.email)).status).toBe(204);
    expect(await sql('SELECT FROM recovery_codes WHERE user_id = $1', [who.userId])).toHaveLength(0);
    expect(await codeOf(await remove({ current_password: PASSWORD, code: '123456' }))).toBe(
      'second_factor_missing',
    );
  });

  it('is what an admin does for a member, but not for an owner, nor for members of other organisations', async () => {
    const admin = await person('admin');
    const member = await protectedPerson();
    const reset = (userId: string, headers: Record<string, string> = admin.cookie) =>
      send('DELETE', `/api/members/${userId}/second-factor`, undefined, headers);
    expect(await codeOf(await reset(member.userId, admin.key))).toBe('person_required');
    expect(await codeOf(await reset((await protectedPerson('owner')).userId))).toBe(
      'second_factor_reset_forbidden',
    );
    expect(await codeOf(await reset(admin.userId))).toBe('second_factor_reset_forbidden');
    const elsewhere = await createTenant(backend, 'Elsewhere');
    await sql(
      "INSERT INTO members (id, tenant_id, user_id, role, created_at) VALUES (gen_random_uuid(), $1, $2, 'viewer', now())",
      [elsewhere, member.userId],
    );
    expect(await codeOf(await reset(member.userId))).toBe('second_factor_reset_forbidden');
    await sql('DELETE FROM members WHERE tenant_id = $1', [elsewhere]);
    expect((await reset(member.userId)).status).toBe(204);
    expect(await codeOf(await reset(member.userId))).toBe('second_factor_missing');
    expect((await signIn(member.email)).status).toBe(204);
  });

  it('is in the audit log, like setting it up, without a code or a secret', async () => {
    const [admin, who, other] = [await person('admin'), await protectedPerson(), await protectedPerson()];
    const removal = { current_password: PASSWORD, code: shown(who.setup) };
    expect((await send('PUT', '/api/me/second-factor/removal', removal, who.cookie)).status).toBe(204);
    const reset = `/api/members/${other.userId}/second-factor`;
    expect((await send('DELETE', reset, undefined, admin.cookie)).status).toBe(204);
    const entries = await sql(
      `SELECT action, actor_id AS actor, target_kind AS kind, target_id AS target FROM audit_entries
        WHERE tenant_id = $1 AND action LIKE '%second_factor%' AND outcome = 'done'
          AND (actor_id = ANY($2) OR target_id = ANY($2)) ORDER BY at, id`,
      [tenantId, [who.userId, other.userId]],
    );
    const own = (action: string, { userId }: TestPerson) => ({
      action: `account.${action}`,
      actor: userId,
      kind: 'account',
      target: userId,
    });
    expect(entries).toEqual([
      own('second_factor_set', who),
      own('second_factor_set', other),
      own('second_factor_removed', who),
      { action: 'member.second_factor_reset', actor: admin.userId, kind: 'member', target: other.userId },
    ]);
    const kept = JSON.stringify(await sql('SELECT * FROM audit_entries'));
    for (const { setup, codes } of [who, other])
      for (const secret of [setup.secret, ...codes]) expect(kept).not.toContain(secret);
  });
});
