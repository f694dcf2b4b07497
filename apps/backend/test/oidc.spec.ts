import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { waitFor } from '@saas-codex/testing/wait-for';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, createTenant } from '@saas-codex/testing/backend/people';
import { startForwardProxy } from '@saas-codex/testing/forward-proxy';
import { type OidcServer, type OidcTestPerson, startOidcServer } from '@saas-codex/testing/oidc-server';
import type { Me } from '@saas-codex/contracts/identity';
import type { ProviderFailureCode } from '@saas-codex/contracts/sign-in';
import type { Config } from '../src/config.js';
import { OWNER_EMAIL } from '../src/identity/sign-in-links.js';

const PUBLIC_URL = 'http://localhost:9100';
const APP = `${PUBLIC_URL}/`;
const failed = (code: ProviderFailureCode) => `${PUBLIC_URL}/sign-in?error=${code}`;

let provider: OidcServer;
let settings: Partial<Record<keyof Config, string>>;
/** New people join its first organisation. */
let backend: TestBackend;
/** The same installation with other settings: groups count, and nobody joins. */
let strict: TestBackend;
beforeAll(async () => {
  provider = await startOidcServer();
  settings = {
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: provider.clientId,
    OIDC_CLIENT_SECRET: provider.clientSecret,
    OIDC_ALLOWED_DOMAINS: 'example.org, saas-codex.localhost',
  };
  backend = await startBackend({
    ...settings,
    OIDC_NAME: 'Example',
    OIDC_TENANT: 'personal',
    OIDC_ROLE_MAP: 'platform=admin, audit=viewer',
  });
  strict = await startBackend({ ...sameStores(), ...settings, OIDC_ALLOWED_GROUPS: 'engineering' });
});
afterEach(() => void Object.assign(provider, { person: null, forge: null, foreignKey: false }));
afterAll(async () => {
  await strict.stop();
  await backend.stop();
  await provider.stop();
});

const sameStores = () => {
  const { DATABASE_URL, REDIS_URL, OWNER_TOKEN_FILE } = backend.config;
  return { DATABASE_URL, REDIS_URL, OWNER_TOKEN_FILE };
};
const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);
const get = (path: string, cookie = '', of = backend) =>
  fetch(of.url + path, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } });
const locationOf = (answer: Response) => answer.headers.get('location') ?? '';
const cookiesOf = (answer: Response) =>
  answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .filter((cookie) => !cookie.endsWith('='));

/** A browser begins. @returns its cookie, and the provider's page */
async function start(of = backend, query = '') {
  const answer = await get(`/api/auth/oidc/start${query}`, '', of);
  return { page: locationOf(answer), state: cookiesOf(answer)[0] ?? '', answer };
}
/** A browser comes back. */
const callback = (query: string, cookie: string, of = backend) =>
  get(`/api/auth/oidc/callback${query}`, cookie, of);

/** The whole way of one browser. @param planted a cookie that it has already */
async function signIn(person: OidcTestPerson | null, of = backend, planted = '') {
  provider.person = person;
  const { page, state } = await start(of);
  const { search } = await provider.visit(page);
  const cookie = [state, planted].filter(Boolean).join('; ');
  const answer = await callback(search, cookie, of);
  return { location: locationOf(answer), cookie: cookiesOf(answer).join('; '), search, state };
}
const whereTo = async (person: OidcTestPerson | null, of = backend) => (await signIn(person, of)).location;
const me = async (cookie: string) => (await (await get('/api/me', cookie)).json()) as Me;

let people = 0;
/** Somebody new, whom the provider vouches for. */
function somebody<More extends Partial<OidcTestPerson>>(more?: More) {
  const sub = `person-${++people}`;
  return { sub, email: `${sub}@example.org`, email_verified: true, name: 'Ada', ...more };
}

describe('signing in with a company account', () => {
  it('is offered by name, and sends the browser away with state, nonce and PKCE', async () => {
    expect(await (await get('/api/auth/options')).json()).toMatchObject({ oidc: { name: 'Example' } });
    const { page, answer } = await start();
    expect(answer.status).toBe(302);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const url = new URL(page);
    expect(url.origin).toBe(provider.issuer);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      redirect_uri: `${PUBLIC_URL}/api/auth/oidc/callback`,
      response_type: 'code',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(answer.headers.getSetCookie()[0]).toMatch(/; Path=\/;.*; HttpOnly; SameSite=Lax$/);
    expect(JSON.stringify(await sql('SELECT * FROM verifications'))).not.toContain(
      url.searchParams.get('state'),
    );
  });

  it('makes an account that joins the organisation of the settings, once, with the role of its groups', async () => {
    const person = somebody({ groups: ['people', 'audit'] });
    const { location, cookie } = await signIn(person);
    expect(location).toBe(APP);
    const mine = await me(cookie);
    expect(mine).toMatchObject({
      user: { name: 'Ada', email: person.email },
      tenant: { name: 'Personal' },
      role: 'viewer',
    });
    const again = await signIn({ ...person, email: 'married@example.org' });
    expect(await me(again.cookie)).toEqual(mine);
    const audited = () =>
      sql(
        `SELECT action, credential_kind AS "by" FROM audit_entries WHERE tenant_id = $1 AND actor_id = $2`,
        [mine.tenant.tenant_id, mine.user.user_id],
      );
    const signedIn = { action: 'account.signed_in', by: 'provider' };
    await waitFor(async () => (await audited()).length === 2);
    expect(await audited()).toEqual([signedIn, signedIn]);
    await sql('DELETE FROM members WHERE user_id = $1', [mine.user.user_id]);
    expect(await whereTo(person)).toBe(failed('organisation_missing'));
  });

  it('gives the least role to whom no pair fits', async () => {
    const { cookie } = await signIn(somebody({ groups: ['owner'] }));
    expect((await me(cookie)).role).toBe('member');
  });

  it('sets the role by the groups at every sign-in, except that of an owner', async () => {
    const person = somebody({ groups: ['platform'] });
    const { cookie } = await signIn(person);
    const mine = await me(cookie);
    expect(mine.role).toBe('admin');
    await signIn({ ...person, groups: [] });
    expect((await me(cookie)).role).toBe('member');
    await sql("UPDATE members SET role = 'owner' WHERE user_id = $1", [mine.user.user_id]);
    await signIn({ ...person, groups: ['audit'] });
    expect((await me(cookie)).role).toBe('owner');
  });

  it('makes one account of two sign-ins at once', async () => {
    const person = somebody();
    const ends = await Promise.all([signIn(person), signIn(person)]);
    expect(ends.map(({ location }) => location)).toEqual([APP, APP]);
    expect(await sql('SELECT FROM user_accounts WHERE account_id = $1', [person.sub])).toHaveLength(1);
  });

  it('ends the sign-in of the cookie that it replaces, and does not take over a planted one', async () => {
    const person = somebody();
    const first = await signIn(person);
    const second = await signIn(person, backend, first.cookie);
    expect(second.cookie).not.toBe(first.cookie);
    expect((await get('/api/me', second.cookie)).status).toBe(200);
    expect((await get('/api/me', first.cookie)).status).toBe(401);
  });

  it('is refused in words of ours when there is no provider, or it cannot be reached', async () => {
    const without = await startBackend(sameStores());
    expect(await (await get('/api/auth/options', '', without)).json()).not.toHaveProperty('oidc');
    expect((await start(without)).page).toBe(failed('provider_missing'));
    await without.stop();
    const proxy = await startForwardProxy();
    const far = await startBackend({
      ...sameStores(),
      ...settings,
      OIDC_ISSUER: 'https://login.example.org',
      HTTPS_PROXY: proxy.url,
    });
    expect((await start(far)).page).toBe(failed('provider_unavailable'));
    expect(proxy.seen).toEqual(['CONNECT login.example.org:443']);
    await far.stop();
    await proxy.stop();
  });
});

describe('accounts that exist', () => {
  const accountOf = async (verified: boolean) => {
    const { email, userId, cookie } = await createPerson(
      backend,
      await createTenant(backend, 'Elsewhere'),
      'owner',
    );
    const address = email.replace('@example.com', '@example.org');
    await sql('UPDATE users SET email = $1, email_verified = $2 WHERE id = $3', [address, verified, userId]);
    return { email: address, userId, cookie };
  };
  const links = (userId: string) =>
    sql("SELECT FROM user_accounts WHERE user_id = $1 AND provider_id <> 'credential'", [userId]);

  it('are opened by a proved address, stay where they are, and belong to the first subject only', async () => {
    const { email, userId } = await accountOf(true);
    const { cookie } = await signIn(somebody({ email: email.toUpperCase() }));
    expect(await me(cookie)).toMatchObject({ user: { user_id: userId }, tenant: { name: 'Elsewhere' } });
    expect(await whereTo(somebody({ email }))).toBe(failed('provider_account_exists'));
    expect(await links(userId)).toHaveLength(1);
  });

  it('are not taken over by an address that nobody has proved', async () => {
    const { email, userId, cookie } = await accountOf(false);
    expect(await whereTo(somebody({ email }))).toBe(failed('provider_account_exists'));
    expect(await whereTo(somebody({ email: OWNER_EMAIL }))).toBe(failed('provider_account_exists'));
    expect(await links(userId)).toHaveLength(0);
    expect((await get('/api/me', cookie.cookie)).status).toBe(200);
  });
});

describe('who may sign in', () => {
  it.each<[string, Partial<OidcTestPerson>, ProviderFailureCode]>([
    ['an unproved address', { email_verified: false }, 'provider_email_unproved'],
    ['an address that nobody says is proved', { email_verified: undefined }, 'provider_email_unproved'],
    ['no address', { email: undefined }, 'provider_email_unproved'],
    ['another domain', { email: 'x@example.com' }, 'provider_not_allowed'],
    ['a domain below', { email: 'x@sub.example.org' }, 'provider_not_allowed'],
    ['a domain that only ends alike', { email: 'x@bad-example.org' }, 'provider_not_allowed'],
  ])('not somebody with %s', async (_, claims, code) => {
    expect(await whereTo(somebody(claims))).toBe(failed(code));
  });

  it('only people of the groups, where there are some; and without an organisation, nobody', async () => {
    expect(await whereTo(somebody(), strict)).toBe(failed('provider_not_allowed'));
    expect(await whereTo(somebody({ groups: ['Engineering'] }), strict)).toBe(failed('provider_not_allowed'));
    const person = somebody({ groups: ['engineering'] });
    expect(await whereTo(person, strict)).toBe(failed('organisation_missing'));
    expect(await sql('SELECT FROM users WHERE email = $1', [person.email])).toHaveLength(0);
    await signIn(person);
    expect(await whereTo(person, strict)).toBe(APP);
  });

  it('nobody whose group was removed; and the sign-ins from before end', async () => {
    const person = somebody({ groups: ['engineering'] });
    const { cookie } = await signIn(person);
    expect(await whereTo({ ...person, groups: [] }, strict)).toBe(failed('provider_not_allowed'));
    expect((await get('/api/me', cookie)).status).toBe(401);
  });

  it.each([
    [{ OIDC_ALLOWED_DOMAINS: '' }, 'OIDC_ALLOWED_DOMAINS or OIDC_ALLOWED_GROUPS must say who may sign in'],
    [{ OIDC_CLIENT_SECRET: undefined }, 'OIDC_CLIENT_ID and OIDC_CLIENT_SECRET must be set'],
    [{ OIDC_ISSUER: 'http://login.example.org' }, 'it must be an https:// address'],
    [{ OIDC_ROLE_MAP: 'platform=boss' }, 'it must be group=role pairs'],
    [{ OIDC_ROLE_MAP: 'platform=owner' }, 'it must be group=role pairs'],
  ])('needs settings that make sense: %j', async (wrong, message) => {
    const given = { ...sameStores(), ...settings, ...wrong };
    if (given.OIDC_CLIENT_SECRET === undefined) delete given.OIDC_CLIENT_SECRET;
    await expect(startBackend(given as typeof settings)).rejects.toThrow(message);
  });
});

describe('somebody who tampers', () => {
  it('cannot use an answer twice, nor in another browser, nor late', async () => {
    const person = somebody();
    const used = await signIn(person);
    expect(used.location).toBe(APP);
    expect(locationOf(await callback(used.search, used.state))).toBe(failed('provider_expired'));

    provider.person = person;
    const [mine, other] = [await start(), await start()];
    const { search } = await provider.visit(mine.page);
    for (const cookie of ['', other.state]) {
      expect(locationOf(await callback(search, cookie))).toBe(failed('provider_expired'));
    }
    await sql("UPDATE verifications SET expires_at = now() - interval '1 second'");
    expect(locationOf(await callback(search, mine.state))).toBe(failed('provider_expired'));
  });

  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ['another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' })],
    ['another audience', (claims) => ({ ...claims, aud: 'another-client' })],
    ['another nonce', (claims) => ({ ...claims, nonce: 'x'.repeat(43) })],
    ['no nonce', (claims) => ({ ...claims, nonce: undefined })],
    ['another subject than the UserInfo', (claims) => ({ ...claims, sub: 'somebody-else' })],
    ['an end in the past', (claims) => ({ ...claims, exp: 1_000_000_000 })],
  ])('cannot use a token with %s', async (_, forge) => {
    provider.forge = forge;
    expect(await whereTo(somebody())).toBe(failed('provider_refused'));
  });

  it('cannot use a token that the provider has not signed', async () => {
    provider.forge = (claims) => claims;
    expect(await whereTo(somebody())).toBe(APP);
    provider.forge = (claims) => claims;
    provider.foreignKey = true;
    expect(await whereTo(somebody())).toBe(failed('provider_refused'));
  });

  it('cannot mix in the answer or the code of somebody else', async () => {
    provider.person = somebody();
    const mine = await start();
    const answer = (await provider.visit(mine.page)).searchParams;
    answer.set('iss', 'https://evil.example');
    expect(locationOf(await callback(`?${answer.toString()}`, mine.state))).toBe(failed('provider_refused'));

    const [victim, attacker] = [await start(), await start()];
    const stolen = (await provider.visit(victim.page)).searchParams;
    const own = (await provider.visit(attacker.page)).searchParams;
    own.set('code', stolen.get('code') ?? '');
    expect(locationOf(await callback(`?${own.toString()}`, attacker.state))).toBe(failed('provider_refused'));
  });

  it('sees no text of the provider, and is sent nowhere but into the app', async () => {
    expect(await whereTo(null)).toBe(failed('provider_refused'));
    provider.person = somebody();
    const { page, state } = await start(backend, '?redirect=https://evil.example&return_to=//evil.example');
    expect(page).not.toContain('evil');
    const { search } = await provider.visit(page);
    const answer = await callback(`${search}&return_to=//evil.example`, state);
    expect(locationOf(answer)).toBe(APP);
  });

  it('is limited like everybody who signs in', async () => {
    const limited = await startBackend({ ...sameStores(), ...settings, SIGN_IN_LIMIT_PER_MINUTE: '1' });
    const answers = [await start(limited), await start(limited)];
    expect(answers.map(({ answer }) => answer.status)).toContain(429);
    await limited.stop();
  });
});
