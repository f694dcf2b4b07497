import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { SignInPage } from '@saas-codex/contracts/sign-in';
import { gatewayMark } from '@saas-codex/service-kit/http/gateway-mark';
import { type MailServer, startMailServer } from '@saas-codex/testing/mail-server';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { AUTH, type Auth } from '../src/identity/better-auth.js';
import { createSignInToken, OWNER_EMAIL } from '../src/identity/sign-in-links.js';

let mail: MailServer;
/** Sends mail; anybody may sign up. */
let backend: TestBackend;
/** The same installation as another backend sees it that sends no mail. */
let silent: TestBackend;
beforeAll(async () => {
  mail = await startMailServer();
  backend = await startBackend({ SMTP_URL: mail.url, SIGN_UP: 'open' });
  const { DATABASE_URL, REDIS_URL, OWNER_TOKEN_FILE } = backend.config;
  silent = await startBackend({ DATABASE_URL, REDIS_URL, OWNER_TOKEN_FILE });
});
afterAll(async () => {
  await silent.stop();
  await backend.stop();
  await mail.stop();
});

const PASSWORD = 'correct horse battery';
const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);
const send = (
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  of = backend,
) =>
  fetch(of.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const auth = (path: string, body: unknown, headers = {}, of = backend) =>
  send('POST', `/api/auth/${path}`, body, headers, of);
const signIn = (email: string, password: string, headers = {}, of = backend) =>
  auth('sign-in/password', { email, password }, headers, of);
const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
const asPerson = (cookie: string, of = backend) => ({ cookie, origin: of.url });
const me = (cookie: string) => fetch(`${backend.url}/api/me`, { headers: { cookie } });
const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code];
const tokenIn = (text: string) => /#token=([\w-]+)/.exec(text)?.[1] ?? '';

/** Signs up by mail. @returns the cookie */
async function join(email: string, password = PASSWORD): Promise<string> {
  await auth('sign-up', { email });
  const token = tokenIn((await mail.take(email)).text);
  const done = await auth('sign-up/complete', { token, name: 'Ada', password });
  expect(done.status).toBe(204);
  return cookieOf(done);
}
/** Signs the owner in with a link. */
async function owner(of = backend): Promise<string> {
  const token = await createSignInToken(of.app.get<Auth>(AUTH), OWNER_EMAIL);
  return cookieOf(await auth('sign-in', { token }, {}, of));
}

describe('signing up', () => {
  it('creates an account with an organisation of its own, for who has the mailbox', async () => {
    const cookie = await join('Ada@Example.org'.toLowerCase());
    expect(await (await me(cookie)).json()).toMatchObject({
      user: { name: 'Ada', email: 'ada@example.org' },
      tenant: { name: "Ada's organisation" },
      role: 'owner',
    });
    expect((await signIn('ADA@example.org', PASSWORD)).status).toBe(204);
  });

  it('gives each link to one account, even if many requests use it at the same time', async () => {
    await auth('sign-up', { email: 'once@example.org' });
    const token = tokenIn((await mail.take('once@example.org')).text);
    const body = { token, name: 'Once', password: PASSWORD };
    const answers = await Promise.all(Array.from({ length: 10 }, () => auth('sign-up/complete', body)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(await codeOf(await auth('sign-up/complete', body))).toEqual([410, 'link_invalid']);
    expect(JSON.stringify(await sql('SELECT * FROM verifications'))).not.toContain(token);
  });

  it('gives an address one account, even if several of its links are used at the same time', async () => {
    const tokens: string[] = [];
    for (let link = 0; link < 4; link += 1) {
      await auth('sign-up', { email: 'twice@example.org' });
      tokens.push(tokenIn((await mail.take('twice@example.org')).text));
    }
    const answers = await Promise.all(
      tokens.map((token) => auth('sign-up/complete', { token, name: 'Twice', password: PASSWORD })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 410, 410, 410]);
  });

  it('answers alike for an address that has an account, and tells only its mailbox', async () => {
    await join('known@example.org');
    const answers = [
      await auth('sign-up', { email: 'known@example.org' }),
      await auth('sign-up', { email: 'new@example.org' }),
    ];
    expect(await Promise.all(answers.map(async (each) => [each.status, await each.text()]))).toEqual([
      [204, ''],
      [204, ''],
    ]);
    expect((await mail.take('known@example.org')).text).toContain('there is one already');
    expect((await mail.take('new@example.org')).text).toContain('/sign-up#token=');
  });

  it('is closed unless a setting opens it, also for a link from before', async () => {
    await auth('sign-up', { email: 'late@example.org' });
    const token = tokenIn((await mail.take('late@example.org')).text);
    expect(await codeOf(await auth('sign-up', { email: 'a@example.org' }, {}, silent))).toEqual([
      403,
      'sign_up_closed',
    ]);
    const body = { token, name: 'Late', password: PASSWORD };
    expect(await codeOf(await auth('sign-up/complete', body, {}, silent))).toEqual([403, 'sign_up_closed']);
    const options = (of: TestBackend) => fetch(`${of.url}/api/auth/options`).then((answer) => answer.json());
    expect(await options(backend)).toEqual({ sign_up: 'open', mail: true });
    expect(await options(silent)).toEqual({ sign_up: 'closed', mail: false });
  });

  it('cannot be opened without a mail server', async () => {
    const { DATABASE_URL, REDIS_URL } = backend.config;
    await expect(startBackend({ DATABASE_URL, REDIS_URL, SIGN_UP: 'open' })).rejects.toThrow(
      'SMTP_URL must be set',
    );
  });
});

describe('signing in with a password', () => {
  it('gives a new cookie, and ends the sign-in of the cookie that it replaces', async () => {
    const old = await join('bea@example.org');
    const planted = `${old.split('=')[0]}=planted.by-somebody`;
    for (const cookie of [planted, old]) {
      const answer = await signIn('bea@example.org', PASSWORD, asPerson(cookie));
      expect(answer.status).toBe(204);
      expect(cookieOf(answer)).not.toBe(cookie);
      expect((await me(cookieOf(answer))).status).toBe(200);
      expect((await me(cookie)).status).toBe(401);
    }
  });

  it('gives an unknown address the answer and the work of a wrong password', async () => {
    await join('cleo@example.org');
    const { password } = await backend.app.get<Auth>(AUTH).$context;
    const [hash, verify] = [jest.spyOn(password, 'hash'), jest.spyOn(password, 'verify')];
    try {
      const bodies = await Promise.all(
        ['cleo@example.org', 'nobody@example.org', OWNER_EMAIL].map(async (email) => {
          const answer = await signIn(email, 'not the password');
          const { request_id: _, ...problem } = (await answer.json()) as Record<string, unknown>;
          return problem;
        }),
      );
      expect(bodies[0]).toMatchObject({ status: 401, code: 'credentials_invalid' });
      expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
      // The known address: one scrypt to check. The others, of which one has no password: one scrypt to hash.
      expect([verify.mock.calls.length, hash.mock.calls.length]).toEqual([1, 2]);
    } finally {
      hash.mockRestore();
      verify.mockRestore();
    }
  });

  it('locks after 10 wrong passwords, over all backends, only for who guessed', async () => {
    await join('dora@example.org');
    const guesses = Array.from({ length: 14 }, (_, index) =>
      signIn('dora@example.org', `guess ${index}`, {}, index % 2 ? backend : silent),
    );
    const codes = (await Promise.all(guesses)).map(({ status }) => status);
    expect(codes.filter((status) => status === 401)).toHaveLength(10);
    expect(codes.filter((status) => status === 429)).toHaveLength(4);
    const locked = await signIn('dora@example.org', PASSWORD);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await codeOf(locked)).toEqual([429, 'sign_in_locked']);
    // Somebody else at this address, and this person at another.
    await join('else@example.org');
    expect((await signIn('else@example.org', PASSWORD)).status).toBe(204);
    const elsewhere = {
      'x-gateway-mark': gatewayMark(backend.config.REDIS_URL) ?? '',
      'x-forwarded-for': '192.0.2.7',
    };
    expect((await signIn('dora@example.org', PASSWORD, elsewhere)).status).toBe(204);
  });

  it.each<[string, Record<string, string>]>([
    ['another site', { origin: 'http://evil.example' }],
    ['another site, without Origin', { 'sec-fetch-site': 'cross-site' }],
    [
      'a form, which browsers send to any site',
      { 'content-type': 'text/plain', origin: 'http://evil.example' },
    ],
  ])('is refused from %s', async (_, headers) => {
    expect(await codeOf(await signIn(OWNER_EMAIL, PASSWORD, headers))).toEqual([403, 'origin_forbidden']);
  });

  it('is refused to somebody who belongs to no organisation, where sign-up is closed', async () => {
    const cookie = await join('gone@example.org');
    await sql("DELETE FROM members WHERE user_id = (SELECT id FROM users WHERE email = 'gone@example.org')");
    const refused = await signIn('gone@example.org', PASSWORD, {}, silent);
    expect([await codeOf(refused), cookieOf(refused)]).toEqual([[403, 'organisation_missing'], '']);
    expect((await me(cookie)).status).toBe(401);
    expect((await signIn('gone@example.org', PASSWORD)).status).toBe(204);
  });
});

describe('resetting a password', () => {
  it('takes a mailed link that works once, and signs the person out everywhere', async () => {
    const cookie = await join('eva@example.org');
    await auth('password-reset', { email: 'eva@example.org' });
    await auth('password-reset', { email: 'eva@example.org' });
    const [first, second] = [await mail.take('eva@example.org'), await mail.take('eva@example.org')].map(
      ({ text }) => tokenIn(text),
    );
    const body = { token: first, password: 'another horse battery' };
    const tooShort = await auth('password-reset/complete', { ...body, password: 'short' });
    expect(tooShort.status).toBe(400);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => auth('password-reset/complete', body)),
    );
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    for (const token of [first, second]) {
      expect(await codeOf(await auth('password-reset/complete', { ...body, token }))).toEqual([
        410,
        'link_invalid',
      ]);
    }
    expect((await me(cookie)).status).toBe(401);
    expect((await signIn('eva@example.org', PASSWORD)).status).toBe(401);
    expect((await signIn('eva@example.org', body.password)).status).toBe(204);
  });

  it('does not work after the link has expired, and keeps the link as a hash only', async () => {
    await join('fay@example.org');
    await auth('password-reset', { email: 'fay@example.org' });
    const token = tokenIn((await mail.take('fay@example.org')).text);
    const rows = await sql<{ minutes: string }>(
      'SELECT extract(epoch FROM expires_at - created_at) / 60 AS minutes, v.* FROM verifications v',
    );
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(Math.round(Number(rows.at(-1)?.minutes))).toBe(60);
    await sql("UPDATE verifications SET expires_at = now() - interval '1 second'");
    const late = await auth('password-reset/complete', { token, password: PASSWORD });
    expect(await codeOf(late)).toEqual([410, 'link_invalid']);
  });

  it('answers before the address is looked up, so the time tells nothing', async () => {
    await join('gwen@example.org');
    const runner = backend.app.get(DataSource).createQueryRunner();
    await runner.startTransaction();
    await runner.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    try {
      for (const email of ['gwen@example.org', 'nobody@example.org']) {
        const answer = await auth('password-reset', { email });
        expect([answer.status, await answer.text()]).toEqual([204, '']);
      }
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
    await mail.take('gwen@example.org');
    expect(mail.mails.filter(({ to }) => to === 'nobody@example.org')).toEqual([]);
  });

  it('mails one address at most 5 times in an hour, whoever asks', async () => {
    await join('hana@example.org');
    for (let asked = 0; asked < 8; asked += 1) await auth('password-reset', { email: 'hana@example.org' });
    await auth('password-reset', { email: 'gwen@example.org' });
    await mail.take('gwen@example.org');
    await waitFor(async () => mail.mails.filter(({ to }) => to === 'hana@example.org').length === 5);
  });

  it('tries again when the mail server is busy', async () => {
    await join('iris@example.org');
    mail.refuse(451, 1);
    await auth('password-reset', { email: 'iris@example.org' });
    expect((await mail.take('iris@example.org')).text).toContain('/reset-password#token=');
  });

  it('needs an admin where no mail is sent', async () => {
    const answer = await auth('password-reset', { email: OWNER_EMAIL }, {}, silent);
    expect(await codeOf(answer)).toEqual([409, 'mail_missing']);
  });
});

describe("an admin's link that resets a member's password", () => {
  const reset = (cookie: string, userId: string, of = silent) =>
    send('PUT', `/api/members/${userId}/password-reset`, {}, asPerson(cookie, of), of);

  /** A member of the owner's organisation and of no other. */
  async function member(email: string, role = 'member'): Promise<{ id: string; cookie: string }> {
    const cookie = await join(email);
    const [row] = await sql<{ id: string }>('SELECT id FROM users WHERE email = $1', [email]);
    const id = row?.id ?? '';
    await sql(
      `UPDATE members SET role = $2, tenant_id = (SELECT id FROM tenants WHERE slug = 'personal') WHERE user_id = $1`,
      [id, role],
    );
    return { id, cookie };
  }

  it('is shown to the admin where no mail is sent, and mailed to the member elsewhere', async () => {
    const { id } = await member('joan@example.org');
    const shown = (await (await reset(await owner(), id)).json()) as { url: string };
    expect(shown.url).toMatch(/^http:\/\/localhost:9100\/reset-password#token=/);
    const body = { token: tokenIn(shown.url), password: 'a third horse battery' };
    expect((await auth('password-reset/complete', body)).status).toBe(204);
    expect((await signIn('joan@example.org', body.password)).status).toBe(204);
    expect(await (await reset(await owner(), id, backend)).json()).toMatchObject({ url: null });
    expect((await mail.take('joan@example.org')).text).toContain('/reset-password#token=');
  });

  it('takes over no account: not an owner by an admin, not one of two organisations, not by an API key', async () => {
    const { id: other } = await member('kay@example.org');
    const { cookie: admin } = await member('lea@example.org', 'admin');
    await join('mia@example.org');
    const [mia] = await sql<{ id: string }>("SELECT id FROM users WHERE email = 'mia@example.org'");
    const [boss] = await sql<{ id: string }>('SELECT id FROM users WHERE email = $1', [OWNER_EMAIL]);
    expect(await codeOf(await reset(await owner(), mia?.id ?? ''))).toEqual([404, 'member_not_found']);
    expect((await reset(admin, boss?.id ?? '')).status).toBe(403);
    await sql(
      `INSERT INTO members (id, tenant_id, user_id, role, created_at)
       SELECT 'second', tenant_id, $1, 'member', now() FROM members WHERE user_id = $2`,
      [other, mia?.id],
    );
    expect(await codeOf(await reset(await owner(), other))).toEqual([403, 'password_reset_forbidden']);
    const byKey = await backend.fetch(`/api/members/${other}/password-reset`, { method: 'PUT' });
    expect(await codeOf(byKey)).toEqual([403, 'person_required']);
  });

  it('is not for oneself: who has a stolen cookie cannot set a password with it', async () => {
    const { id, cookie } = await member('ida@example.org', 'admin');
    expect(await codeOf(await reset(cookie, id))).toEqual([403, 'password_reset_forbidden']);
  });

  it.each<[string, 'admin' | 'person', string]>([
    ['the admin is removed', 'admin', 'DELETE FROM members WHERE user_id = $1'],
    ['the admin becomes a member', 'admin', "UPDATE members SET role = 'member' WHERE user_id = $1"],
    ['the person becomes an owner', 'person', "UPDATE members SET role = 'owner' WHERE user_id = $1"],
    ['the person is removed', 'person', 'DELETE FROM members WHERE user_id = $1'],
    [
      'the person joins another organisation',
      'person',
      `INSERT INTO members (id, tenant_id, user_id, role, created_at)
       SELECT gen_random_uuid(), id, $1, 'member', now() FROM tenants WHERE slug <> 'personal' LIMIT 1`,
    ],
  ])('works no more when %s', async (_, who, change) => {
    const admin = await member(`${randomUUID()}@example.org`, 'admin');
    const person = await member(`${randomUUID()}@example.org`);
    const { url } = (await (await reset(admin.cookie, person.id)).json()) as { url: string };
    await sql(change, [{ admin, person }[who].id]);
    const body = { token: tokenIn(url), password: 'a third horse battery' };
    expect(await codeOf(await auth('password-reset/complete', body))).toEqual([410, 'link_invalid']);
  });

  it('counts as a mail to the member, who gets at most 5 in an hour', async () => {
    const { id } = await member('ruth@example.org');
    const admin = await owner();
    for (let mailed = 1; mailed < 5; mailed += 1) expect((await reset(admin, id, backend)).status).toBe(200);
    expect(await codeOf(await reset(admin, id, backend))).toEqual([429, 'rate_limited']);
  });
});

describe('changing a password', () => {
  const change = (cookie: string, body: object) => send('PUT', '/api/me/password', body, asPerson(cookie));
  const hasPassword = async (cookie: string) =>
    (await fetch(`${backend.url}/api/me/credentials`, { headers: { cookie } })).json();

  it('needs the current one, signs out everywhere else, and replaces the cookie', async () => {
    const [here, there] = [
      await join('nora@example.org'),
      cookieOf(await signIn('nora@example.org', PASSWORD)),
    ];
    const password = 'the fourth horse battery';
    for (const body of [{ password }, { password, current_password: 'a wrong one' }]) {
      expect(await codeOf(await change(here, body))).toEqual([403, 'password_wrong']);
    }
    const changed = await change(here, { password, current_password: PASSWORD });
    expect(changed.status).toBe(204);
    expect((await me(cookieOf(changed))).status).toBe(200);
    for (const cookie of [here, there]) expect((await me(cookie)).status).toBe(401);
    expect((await signIn('nora@example.org', password)).status).toBe(204);
  });

  it('locks the sign-in that guesses the current one, and no other', async () => {
    const [thief, person] = [
      await join('olga@example.org'),
      cookieOf(await signIn('olga@example.org', PASSWORD)),
    ];
    const body = { password: 'my own horse battery', current_password: 'a guess' };
    for (let guess = 0; guess < 10; guess += 1) await change(thief, body);
    expect(await codeOf(await change(thief, body))).toEqual([429, 'sign_in_locked']);
    expect((await change(person, { ...body, current_password: PASSWORD })).status).toBe(204);
  });

  it('sets the first one of a person who came by a link, if that was today', async () => {
    const cookie = await owner();
    expect(await hasPassword(cookie)).toEqual({ password: false, email_change: true });
    const created = 'UPDATE user_sessions SET created_at = now() - $1::interval';
    await sql(created, ['25 hours']);
    expect(await codeOf(await change(cookie, { password: PASSWORD }))).toEqual([403, 'sign_in_too_old']);
    await sql(created, ['1 hour']);
    const elsewhere = await owner();
    expect((await change(cookie, { password: PASSWORD })).status).toBe(204);
    expect(await hasPassword(cookie)).toEqual({ password: true, email_change: true });
    expect((await me(elsewhere)).status).toBe(401);
    expect((await signIn(OWNER_EMAIL, PASSWORD)).status).toBe(204);
  });

  it('is not for API keys', async () => {
    const answer = await backend.fetch('/api/me/password', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password: PASSWORD }),
    });
    expect(await codeOf(answer)).toEqual([403, 'person_required']);
  });
});

describe('the list of sign-ins', () => {
  const list = async (cookie: string, query = '') => {
    const answer = await fetch(`${backend.url}/api/me/sign-ins${query}`, { headers: { cookie } });
    return SignInPage.parse(await answer.json());
  };
  const revoke = (cookie: string, id = '') =>
    fetch(`${backend.url}/api/me/sign-ins${id && `/${id}`}`, { method: 'DELETE', headers: asPerson(cookie) });

  it('names the browser, the address and the last use of each, and ends one or all others', async () => {
    const first = await join('pia@example.org');
    const phone = {
      'x-gateway-mark': gatewayMark(backend.config.REDIS_URL) ?? '',
      'x-forwarded-for': '192.0.2.9',
      'user-agent': 'A phone',
    };
    const second = cookieOf(await signIn('pia@example.org', PASSWORD, phone));
    const third = cookieOf(await signIn('pia@example.org', PASSWORD));
    const { items } = await list(first);
    expect(items.map(({ current }) => current)).toEqual([false, false, true]);
    expect(items[1]).toMatchObject({ address: '192.0.2.9', user_agent: 'A phone' });
    expect(JSON.stringify(items)).not.toContain(decodeURIComponent(second.split('=')[1] ?? '').split('.')[0]);

    const page = await list(first, '?limit=2');
    const rest = await list(first, `?limit=2&cursor=${page.next_cursor}`);
    expect([...page.items, ...rest.items].map((item) => item.sign_in_id)).toEqual(
      items.map((item) => item.sign_in_id),
    );

    expect((await revoke(first, items[1]?.sign_in_id)).status).toBe(204);
    expect([(await me(second)).status, (await me(third)).status]).toEqual([401, 200]);
    expect(await codeOf(await revoke(first, items[1]?.sign_in_id))).toEqual([404, 'sign_in_not_found']);
    expect((await revoke(first)).status).toBe(204);
    expect([(await me(third)).status, (await me(first)).status]).toEqual([401, 200]);
  });

  it('shows when a sign-in was used, to the minute', async () => {
    const cookie = await join('quinn@example.org');
    await sql(
      "UPDATE user_sessions SET created_at = now() - interval '3 days', last_used_at = now() - interval '2 days'",
    );
    await me(cookie);
    await waitFor(
      async () => Date.now() - Date.parse((await list(cookie)).items[0]?.last_used_at ?? '') < 60_000,
    );
  });

  it("ends the revoked browser's open streams, and no other's", async () => {
    const [here, there] = [
      await join('rosa@example.org'),
      cookieOf(await signIn('rosa@example.org', PASSWORD)),
    ];
    const [kept, ended] = await Promise.all(
      [here, there].map((cookie) => openSse(`${backend.url}/api/events`, { headers: { cookie } })),
    );
    await revoke(here);
    await ended?.ended();
    expect(kept?.closed()).toBe(false);
    kept?.close();
  });

  it("cannot end another person's sign-in, and is not for API keys", async () => {
    const [mine, other] = [await join('sam@example.org'), await join('tom@example.org')];
    const id = (await list(other)).items[0]?.sign_in_id ?? '';
    expect(await codeOf(await revoke(mine, id))).toEqual([404, 'sign_in_not_found']);
    expect((await me(other)).status).toBe(200);
    expect(await codeOf(await backend.fetch('/api/me/sign-ins'))).toEqual([403, 'person_required']);
    expect(await codeOf(await backend.fetch('/api/me/sign-ins', { method: 'DELETE' }))).toEqual([
      403,
      'person_required',
    ]);
  });
});

describe('changing a name and an address', () => {
  const put = (cookie: string, path: string, body: object, of = backend) =>
    send('PUT', `/api/me/${path}`, body, asPerson(cookie, of), of);

  it('changes the name at once', async () => {
    const cookie = await join('uma@example.org');
    const answer = await send('PATCH', '/api/me', { name: ' Uma Q. ' }, asPerson(cookie));
    expect(await answer.json()).toMatchObject({ user: { name: 'Uma Q.', email: 'uma@example.org' } });
  });

  it('changes the address when the new mailbox confirms it, once, for the person who asked; and tells the old one', async () => {
    const [cookie, other] = [await join('vera@example.org'), await join('will@example.org')];
    const body = { email: 'Vera.New@example.org', current_password: PASSWORD };
    expect(await codeOf(await put(cookie, 'email', { ...body, current_password: 'wrong' }))).toEqual([
      403,
      'password_wrong',
    ]);
    expect((await put(cookie, 'email', body)).status).toBe(204);
    const token = tokenIn((await mail.take('vera.new@example.org')).text);
    expect((await put('', 'email/confirmation', { token })).status).toBe(401);
    expect((await put(cookie, 'email/confirmation', { token })).status).toBe(204);
    expect(await codeOf(await put(cookie, 'email/confirmation', { token }))).toEqual([410, 'link_invalid']);
    expect((await mail.take('vera@example.org')).text).toContain('Your address was changed');
    expect((await signIn('vera@example.org', PASSWORD)).status).toBe(401);
    expect((await signIn('vera.new@example.org', PASSWORD)).status).toBe(204);

    await put(cookie, 'email', { ...body, email: 'vera.next@example.org' });
    const stolen = tokenIn((await mail.take('vera.next@example.org')).text);
    expect(await codeOf(await put(other, 'email/confirmation', { token: stolen }))).toEqual([
      410,
      'link_invalid',
    ]);
  });

  it('gives an address to one of two who confirm it at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = `both-${round}@example.org`;
      const confirmations: [string, string][] = [];
      for (const who of ['a', 'b']) {
        const cookie = await join(`${who}-${email}`);
        await put(cookie, 'email', { email, current_password: PASSWORD });
        confirmations.push([cookie, tokenIn((await mail.take(email)).text)]);
      }
      const answers = await Promise.all(
        confirmations.map(([cookie, token]) => put(cookie, 'email/confirmation', { token })),
      );
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 410]);
    }
  });

  it('answers alike when the address is taken, and changes nothing', async () => {
    const cookie = await join('xena@example.org');
    await join('yara@example.org');
    const answer = await put(cookie, 'email', { email: 'yara@example.org', current_password: PASSWORD });
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(await (await me(cookie)).json()).toMatchObject({ user: { email: 'xena@example.org' } });
    expect(await codeOf(await put(cookie, 'email', { email: 'z@example.org' }, silent))).toEqual([
      409,
      'mail_missing',
    ]);
  });
});
