import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CreatedInvitation } from '@saas-codex/contracts/members';
import { codeOf, cookieOf, PASSWORD, tokenIn, SignInWorld } from '@saas-codex/testing/backend/sign-in-world';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';
import { OWNER_EMAIL } from '../src/identity/sign-in-links.js';

let world: SignInWorld;
beforeAll(async () => {
  world = await SignInWorld.start();
});
afterAll(() => world.stop());

describe('resetting a password', () => {
  it('takes a mailed link that works once, and signs the person out everywhere', async () => {
    const cookie = await world.join('eva@example.org');
    await world.auth('password-reset', { email: 'eva@example.org' });
    await world.auth('password-reset', { email: 'eva@example.org' });
    const [first, second] = [
      await world.mail.take('eva@example.org'),
      await world.mail.take('eva@example.org'),
    ].map(({ text }) => tokenIn(text));
    const body = { token: first, password: 'another horse battery' };
    const tooShort = await world.auth('password-reset/complete', { ...body, password: 'short' });
    expect(tooShort.status).toBe(400);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => world.auth('password-reset/complete', body)),
    );
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    for (const token of [first, second]) {
      expect(await codeOf(await world.auth('password-reset/complete', { ...body, token }))).toEqual([
        410,
        'link_invalid',
      ]);
    }
    expect((await world.me(cookie)).status).toBe(401);
    expect((await world.signIn('eva@example.org', PASSWORD)).status).toBe(401);
    expect((await world.signIn('eva@example.org', body.password)).status).toBe(204);
  });

  it('revokes the API keys, too, if the person says so: those of all their organisations, and nobody else', async () => {
    const password = 'another horse battery';
    const complete = async (more: object) => {
      await world.auth('password-reset', { email: 'kit@example.org' });
      const token = tokenIn((await world.mail.take('kit@example.org')).text);
      return (await world.auth('password-reset/complete', { token, password, ...more })).status;
    };
    const [cookie, other] = [await world.join('kit@example.org'), await world.join('kim@example.org')];
    const [here, elsewhere, others] = [
      await world.apiKey(cookie),
      await world.apiKeyInAnotherTenant(cookie),
      await world.apiKey(other),
    ];
    expect(await complete({})).toBe(204);
    expect([await world.keyWorks(here), await world.keyWorks(elsewhere)]).toEqual([true, true]);
    const used = { token: 'A'.repeat(43), password, revoke_api_keys: true };
    expect((await world.auth('password-reset/complete', used)).status).toBe(410);
    expect(await world.keyWorks(here)).toBe(true);
    expect(await complete({ revoke_api_keys: true })).toBe(204);
    expect([await world.keyWorks(here), await world.keyWorks(elsewhere)]).toEqual([false, false]);
    expect(await world.keyWorks(others)).toBe(true);
  });

  it('leaves no way in for somebody who opened the account with this address before', async () => {
    const owner = await world.owner();
    const invite = { role: 'member' };
    const made = await world.send('POST', '/api/invitations', invite, world.asPerson(owner));
    const { link } = (await made.json()) as CreatedInvitation;
    const email = 'victim@example.org';
    const account = { token: tokenIn(link ?? ''), new_account: { name: 'Attacker', email } };
    const cookie = cookieOf(await world.send('POST', '/api/invitations/accept', account));
    const key = await world.apiKey(cookie);
    const addPasskey = `
      INSERT INTO passkeys (user_id, name, credential_id, public_key, counter, transports)
      SELECT id, 'Phone', 'of the attacker', '', 0, '{}' FROM users WHERE email = $1`;
    const passkeys = () =>
      world.sql('SELECT FROM passkeys p JOIN users u ON u.id = p.user_id WHERE u.email = $1', [email]);
    const reset = async () => {
      await world.auth('password-reset', { email });
      const token = tokenIn((await world.mail.take(email)).text);
      return (await world.auth('password-reset/complete', { token, password: PASSWORD })).status;
    };
    await world.sql(addPasskey, [email]);
    expect([await world.keyWorks(key), (await passkeys()).length]).toEqual([true, 1]);
    expect(await reset()).toBe(204);
    expect([await world.keyWorks(key), (await passkeys()).length]).toEqual([false, 0]);
    expect((await world.me(cookie)).status).toBe(401);

    // From now on they are those of the person who has the mailbox.
    await world.sql(addPasskey, [email]);
    expect(await reset()).toBe(204);
    expect(await passkeys()).toHaveLength(1);
  });

  it('does not work after the link has expired, and keeps the link as a hash only', async () => {
    await world.join('fay@example.org');
    await world.auth('password-reset', { email: 'fay@example.org' });
    const token = tokenIn((await world.mail.take('fay@example.org')).text);
    const rows = await world.sql<{ minutes: string }>(
      'SELECT extract(epoch FROM expires_at - created_at) / 60 AS minutes, v.* FROM verifications v',
    );
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(Math.round(Number(rows.at(-1)?.minutes))).toBe(60);
    await world.sql("UPDATE verifications SET expires_at = now() - interval '1 second'");
    const late = await world.auth('password-reset/complete', { token, password: PASSWORD });
    expect(await codeOf(late)).toEqual([410, 'link_invalid']);
  });

  it('answers before the address is looked up, so the time tells nothing', async () => {
    await world.join('gwen@example.org');
    const runner = world.backend.app.get(DataSource).createQueryRunner();
    await runner.startTransaction();
    await runner.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    try {
      for (const email of ['gwen@example.org', 'nobody@example.org']) {
        const answer = await world.auth('password-reset', { email });
        expect([answer.status, await answer.text()]).toEqual([204, '']);
      }
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
    await world.mail.take('gwen@example.org');
    expect(world.mail.mails.filter(({ to }) => to === 'nobody@example.org')).toEqual([]);
  });

  it('mails one address at most 5 times in an hour, whoever asks', async () => {
    await world.join('hana@example.org');
    for (let asked = 0; asked < 8; asked += 1)
      await world.auth('password-reset', { email: 'hana@example.org' });
    await world.auth('password-reset', { email: 'gwen@example.org' });
    await world.mail.take('gwen@example.org');
    await waitFor(async () => world.mail.mails.filter(({ to }) => to === 'hana@example.org').length === 5);
  });

  it('tries again when the mail server is busy', async () => {
    await world.join('iris@example.org');
    world.mail.refuse(451, 1);
    await world.auth('password-reset', { email: 'iris@example.org' });
    expect((await world.mail.take('iris@example.org')).text).toContain('/reset-password#token=');
  });

  it('needs an admin where no mail is sent', async () => {
    const answer = await world.auth('password-reset', { email: OWNER_EMAIL }, {}, world.silent);
    expect(await codeOf(answer)).toEqual([409, 'mail_missing']);
  });
});

describe("an admin's link that resets a member's password", () => {
  const reset = (cookie: string, userId: string, of = world.silent) =>
    world.send('PUT', `/api/members/${userId}/password-reset`, {}, world.asPerson(cookie, of), of);

  /** A member of the owner's organisation and of no other. */
  async function member(email: string, role = 'member'): Promise<{ id: string; cookie: string }> {
    const cookie = await world.join(email);
    const [row] = await world.sql<{ id: string }>('SELECT id FROM users WHERE email = $1', [email]);
    const id = row?.id ?? '';
    await world.sql(
      `UPDATE members SET role = $2, tenant_id = (SELECT id FROM tenants WHERE slug = 'personal') WHERE user_id = $1`,
      [id, role],
    );
    return { id, cookie };
  }

  it('is shown to the admin where no mail is sent, and mailed to the member elsewhere', async () => {
    const { id } = await member('joan@example.org');
    const shown = (await (await reset(await world.owner(), id)).json()) as { url: string };
    expect(shown.url).toMatch(/^http:\/\/localhost:9100\/reset-password#token=/);
    const body = { token: tokenIn(shown.url), password: 'a third horse battery' };
    expect((await world.auth('password-reset/complete', body)).status).toBe(204);
    expect((await world.signIn('joan@example.org', body.password)).status).toBe(204);
    expect(await (await reset(await world.owner(), id, world.backend)).json()).toMatchObject({ url: null });
    expect((await world.mail.take('joan@example.org')).text).toContain('/reset-password#token=');
  });

  it('takes over no account: not an owner by an admin, not one of two organisations, not by an API key', async () => {
    const { id: other } = await member('kay@example.org');
    const { cookie: admin } = await member('lea@example.org', 'admin');
    await world.join('mia@example.org');
    const [mia] = await world.sql<{ id: string }>("SELECT id FROM users WHERE email = 'mia@example.org'");
    const [boss] = await world.sql<{ id: string }>('SELECT id FROM users WHERE email = $1', [OWNER_EMAIL]);
    expect(await codeOf(await reset(await world.owner(), mia?.id ?? ''))).toEqual([404, 'member_not_found']);
    expect((await reset(admin, boss?.id ?? '')).status).toBe(403);
    await world.sql(
      `INSERT INTO members (id, tenant_id, user_id, role, created_at)
       SELECT 'second', tenant_id, $1, 'member', now() FROM members WHERE user_id = $2`,
      [other, mia?.id],
    );
    expect(await codeOf(await reset(await world.owner(), other))).toEqual([403, 'password_reset_forbidden']);
    const byKey = await world.backend.fetch(`/api/members/${other}/password-reset`, { method: 'PUT' });
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
    await world.sql(change, [{ admin, person }[who].id]);
    const body = { token: tokenIn(url), password: 'a third horse battery' };
    expect(await codeOf(await world.auth('password-reset/complete', body))).toEqual([410, 'link_invalid']);
  });

  it('counts as a mail to the member, who gets at most 5 in an hour', async () => {
    const { id } = await member('ruth@example.org');
    const admin = await world.owner();
    for (let mailed = 1; mailed < 5; mailed += 1)
      expect((await reset(admin, id, world.backend)).status).toBe(200);
    expect(await codeOf(await reset(admin, id, world.backend))).toEqual([429, 'rate_limited']);
  });
});

describe('changing a password', () => {
  const change = (cookie: string, body: object) =>
    world.send('PUT', '/api/me/password', body, world.asPerson(cookie));
  const hasPassword = async (cookie: string) =>
    (await fetch(`${world.backend.url}/api/me/credentials`, { headers: { cookie } })).json();

  it('needs the current one, signs out everywhere else, and replaces the cookie', async () => {
    const [here, there] = [
      await world.join('nora@example.org'),
      cookieOf(await world.signIn('nora@example.org', PASSWORD)),
    ];
    const password = 'the fourth horse battery';
    for (const body of [{ password }, { password, current_password: 'a wrong one' }]) {
      expect(await codeOf(await change(here, body))).toEqual([403, 'password_wrong']);
    }
    const changed = await change(here, { password, current_password: PASSWORD });
    expect(changed.status).toBe(204);
    expect((await world.me(cookieOf(changed))).status).toBe(200);
    for (const cookie of [here, there]) expect((await world.me(cookie)).status).toBe(401);
    expect((await world.signIn('nora@example.org', password)).status).toBe(204);
  });

  it('revokes the API keys, too, if the person says so and knows the password', async () => {
    const cookie = await world.join('zoe@example.org');
    const key = await world.apiKey(cookie);
    const body = { password: 'the fifth horse battery', revoke_api_keys: true };
    expect((await change(cookie, { ...body, current_password: 'a guess' })).status).toBe(403);
    expect(await world.keyWorks(key)).toBe(true);
    expect((await change(cookie, { ...body, current_password: PASSWORD })).status).toBe(204);
    expect(await world.keyWorks(key)).toBe(false);
  });

  it('locks the sign-in that guesses the current one, and no other', async () => {
    const [thief, person] = [
      await world.join('olga@example.org'),
      cookieOf(await world.signIn('olga@example.org', PASSWORD)),
    ];
    const body = { password: 'my own horse battery', current_password: 'a guess' };
    for (let guess = 0; guess < 10; guess += 1) await change(thief, body);
    expect(await codeOf(await change(thief, body))).toEqual([429, 'sign_in_locked']);
    expect((await change(person, { ...body, current_password: PASSWORD })).status).toBe(204);
  });

  it('sets the first one of a person who came by a link, if that was today', async () => {
    const cookie = await world.owner();
    expect(await hasPassword(cookie)).toMatchObject({ password: false, email_change: true });
    const created = 'UPDATE user_sessions SET created_at = now() - $1::interval';
    await world.sql(created, ['25 hours']);
    expect(await codeOf(await change(cookie, { password: PASSWORD }))).toEqual([403, 'sign_in_too_old']);
    await world.sql(created, ['1 hour']);
    const elsewhere = await world.owner();
    expect((await change(cookie, { password: PASSWORD })).status).toBe(204);
    expect(await hasPassword(cookie)).toMatchObject({ password: true, email_change: true });
    expect((await world.me(elsewhere)).status).toBe(401);
    expect((await world.signIn(OWNER_EMAIL, PASSWORD)).status).toBe(204);
  });

  it('is not for API keys', async () => {
    const answer = await world.backend.fetch('/api/me/password', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password: PASSWORD }),
    });
    expect(await codeOf(answer)).toEqual([403, 'person_required']);
  });
});
