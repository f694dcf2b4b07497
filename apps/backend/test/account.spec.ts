import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignInPage } from '@saas-codex/contracts/sign-in';
import { gatewayMark } from '@saas-codex/service-kit/http/gateway-mark';
import { codeOf, cookieOf, PASSWORD, tokenIn, SignInWorld } from '@saas-codex/testing/backend/sign-in-world';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';

let world: SignInWorld;
beforeAll(async () => {
  world = await SignInWorld.start();
});
afterAll(() => world.stop());

describe('the list of sign-ins', () => {
  const list = async (cookie: string, query = '') => {
    const answer = await fetch(`${world.backend.url}/api/me/sign-ins${query}`, { headers: { cookie } });
    return SignInPage.parse(await answer.json());
  };
  const revoke = (cookie: string, id = '') =>
    fetch(`${world.backend.url}/api/me/sign-ins${id && `/${id}`}`, {
      method: 'DELETE',
      headers: world.asPerson(cookie),
    });

  it('names the browser, the address and the last use of each, and ends one or all others', async () => {
    const first = await world.join('pia@example.org');
    const phone = {
      'x-gateway-mark': gatewayMark(world.backend.config.REDIS_URL) ?? '',
      'x-forwarded-for': '192.0.2.9',
      'user-agent': 'A phone',
    };
    const second = cookieOf(await world.signIn('pia@example.org', PASSWORD, phone));
    const third = cookieOf(await world.signIn('pia@example.org', PASSWORD));
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
    expect([(await world.me(second)).status, (await world.me(third)).status]).toEqual([401, 200]);
    expect(await codeOf(await revoke(first, items[1]?.sign_in_id))).toEqual([404, 'sign_in_not_found']);
    expect((await revoke(first)).status).toBe(204);
    expect([(await world.me(third)).status, (await world.me(first)).status]).toEqual([401, 200]);
  });

  it('ends with the others the API keys, too, if the person says so, and their streams', async () => {
    const [cookie, other] = [await world.join('lou@example.org'), await world.join('max@example.org')];
    const [key, others] = [await world.apiKey(cookie), await world.apiKey(other)];
    const stream = await openSse(`${world.backend.url}/api/events`, { headers: key });
    const signOutOthers = async (query: string) =>
      (
        await fetch(`${world.backend.url}/api/me/sign-ins${query}`, {
          method: 'DELETE',
          headers: world.asPerson(cookie),
        })
      ).status;
    expect(await signOutOthers('')).toBe(204);
    expect([await world.keyWorks(key), stream.closed()]).toEqual([true, false]);
    expect(await signOutOthers('?api_keys=perhaps')).toBe(400);
    expect(await signOutOthers('?api_keys=true')).toBe(204);
    await stream.ended();
    expect([await world.keyWorks(key), await world.keyWorks(others)]).toEqual([false, true]);
    expect((await world.me(cookie)).status).toBe(200);
  });

  it('shows when a sign-in was used, to the minute', async () => {
    const cookie = await world.join('quinn@example.org');
    await world.sql(
      "UPDATE user_sessions SET created_at = now() - interval '3 days', last_used_at = now() - interval '2 days'",
    );
    await world.me(cookie);
    await waitFor(
      async () => Date.now() - Date.parse((await list(cookie)).items[0]?.last_used_at ?? '') < 60_000,
    );
  });

  it("ends the revoked browser's open streams, and no other's", async () => {
    const [here, there] = [
      await world.join('rosa@example.org'),
      cookieOf(await world.signIn('rosa@example.org', PASSWORD)),
    ];
    const [kept, ended] = await Promise.all(
      [here, there].map((cookie) => openSse(`${world.backend.url}/api/events`, { headers: { cookie } })),
    );
    await revoke(here);
    await ended?.ended();
    expect(kept?.closed()).toBe(false);
    kept?.close();
  });

  it("cannot end another person's sign-in, and is not for API keys", async () => {
    const [mine, other] = [await world.join('sam@example.org'), await world.join('tom@example.org')];
    const id = (await list(other)).items[0]?.sign_in_id ?? '';
    expect(await codeOf(await revoke(mine, id))).toEqual([404, 'sign_in_not_found']);
    expect((await world.me(other)).status).toBe(200);
    expect(await codeOf(await world.backend.fetch('/api/me/sign-ins'))).toEqual([403, 'person_required']);
    expect(await codeOf(await world.backend.fetch('/api/me/sign-ins', { method: 'DELETE' }))).toEqual([
      403,
      'person_required',
    ]);
  });
});

describe('changing a name and an address', () => {
  const put = (cookie: string, path: string, body: object, of = world.backend) =>
    world.send('PUT', `/api/me/${path}`, body, world.asPerson(cookie, of), of);

  it('changes the name at once', async () => {
    const cookie = await world.join('uma@example.org');
    const answer = await world.send('PATCH', '/api/me', { name: ' Uma Q. ' }, world.asPerson(cookie));
    expect(await answer.json()).toMatchObject({ user: { name: 'Uma Q.', email: 'uma@example.org' } });
  });

  it('changes the address when the new mailbox confirms it, once, for the person who asked; and tells the old one', async () => {
    const [cookie, other] = [await world.join('vera@example.org'), await world.join('will@example.org')];
    const body = { email: 'Vera.New@example.org', current_password: PASSWORD };
    expect(await codeOf(await put(cookie, 'email', { ...body, current_password: 'wrong' }))).toEqual([
      403,
      'password_wrong',
    ]);
    expect((await put(cookie, 'email', body)).status).toBe(204);
    const token = tokenIn((await world.mail.take('vera.new@example.org')).text);
    expect((await put('', 'email/confirmation', { token })).status).toBe(401);
    expect((await put(cookie, 'email/confirmation', { token })).status).toBe(204);
    expect(await codeOf(await put(cookie, 'email/confirmation', { token }))).toEqual([410, 'link_invalid']);
    expect((await world.mail.take('vera@example.org')).text).toContain('Your address was changed');
    expect((await world.signIn('vera@example.org', PASSWORD)).status).toBe(401);
    expect((await world.signIn('vera.new@example.org', PASSWORD)).status).toBe(204);

    await put(cookie, 'email', { ...body, email: 'vera.next@example.org' });
    const stolen = tokenIn((await world.mail.take('vera.next@example.org')).text);
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
        const cookie = await world.join(`${who}-${email}`);
        await put(cookie, 'email', { email, current_password: PASSWORD });
        confirmations.push([cookie, tokenIn((await world.mail.take(email)).text)]);
      }
      const answers = await Promise.all(
        confirmations.map(([cookie, token]) => put(cookie, 'email/confirmation', { token })),
      );
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 410]);
    }
  });

  it('answers alike when the address is taken, and changes nothing', async () => {
    const cookie = await world.join('xena@example.org');
    await world.join('yara@example.org');
    const answer = await put(cookie, 'email', { email: 'yara@example.org', current_password: PASSWORD });
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(await (await world.me(cookie)).json()).toMatchObject({ user: { email: 'xena@example.org' } });
    expect(await codeOf(await put(cookie, 'email', { email: 'z@example.org' }, world.silent))).toEqual([
      409,
      'mail_missing',
    ]);
  });
});
