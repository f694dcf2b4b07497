import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, createTenant } from '@saas-codex/testing/backend/people';
import {
  type GithubServer,
  type GithubTestPerson,
  startGithubServer,
} from '@saas-codex/testing/github-server';
import { type OidcServer, startOidcServer } from '@saas-codex/testing/oidc-server';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { Me } from '@saas-codex/contracts/identity';
import type { ProviderFailureCode } from '@saas-codex/contracts/sign-in';
import type { Config } from '../src/config.js';
import { OWNER_EMAIL } from '../src/identity/sign-in-links.js';

const PUBLIC_URL = 'http://localhost:9100';
const APP = `${PUBLIC_URL}/`;
const failed = (code: ProviderFailureCode) => `${PUBLIC_URL}/sign-in?error=${code}`;

let github: GithubServer;
let company: OidcServer;
let settings: Partial<Record<keyof Config, string>>;
/** Members of an organisation at GitHub may sign in, and so may people of a company. */
let backend: TestBackend;
beforeAll(async () => {
  [github, company] = await Promise.all([startGithubServer(), startOidcServer()]);
  settings = {
    GITHUB_SIGN_IN_URL: github.url,
    GITHUB_SIGN_IN_CLIENT_ID: github.clientId,
    GITHUB_SIGN_IN_CLIENT_SECRET: github.clientSecret,
    GITHUB_SIGN_IN_ALLOWED_GROUPS: 'Acme, partners/visitors',
    GITHUB_SIGN_IN_TENANT: 'personal',
    GITHUB_SIGN_IN_ROLE_MAP: 'acme/Platform=admin, partners/visitors=viewer',
  };
  backend = await startBackend({
    ...settings,
    OIDC_ISSUER: company.issuer,
    OIDC_CLIENT_ID: company.clientId,
    OIDC_CLIENT_SECRET: company.clientSecret,
    OIDC_ALLOWED_GROUPS: 'engineering',
    OIDC_TENANT: 'personal',
  });
});
afterEach(() => {
  // A call that GitHub would not have understood is a defect wherever it happens.
  const wrong = github.wrong.splice(0);
  for (const path of Object.keys(github.broken)) delete github.broken[path];
  Object.assign(github, { person: null });
  Object.assign(company, { person: null });
  expect(wrong).toEqual([]);
});
afterAll(async () => {
  await backend.stop();
  await company.stop();
  await github.stop();
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

type ProviderPath = 'github' | 'oidc';
async function start(of = backend, at: ProviderPath = 'github') {
  const answer = await get(`/api/auth/${at}/start`, '', of);
  return { page: locationOf(answer), state: cookiesOf(answer)[0] ?? '', answer };
}
const callback = (query: string, cookie: string, of = backend, at: ProviderPath = 'github') =>
  get(`/api/auth/${at}/callback${query}`, cookie, of);

/** The whole way of one browser. */
async function signIn(person: GithubTestPerson | null, of = backend) {
  github.person = person;
  const { page, state } = await start(of);
  const { search } = await github.visit(page);
  const answer = await callback(search, state, of);
  return { location: locationOf(answer), cookie: cookiesOf(answer).join('; '), search, state };
}
const whereTo = async (person: GithubTestPerson | null, of = backend) => (await signIn(person, of)).location;
const me = async (cookie: string) => (await (await get('/api/me', cookie)).json()) as Me;

const address = (email: string, more = {}) => ({
  email,
  primary: true,
  verified: true,
  visibility: 'private',
  ...more,
});
let people = 0;
/** Somebody new, who is a member of the organisation. */
function somebody<More extends Partial<GithubTestPerson>>(more?: More) {
  const id = 1_000 + ++people;
  const login = `octo-${id}`;
  const emails = [address(`${login}@example.org`)];
  return { id, login, name: 'Octo', emails, organisations: ['acme'], teams: [], ...more };
}

describe('signing in with GitHub', () => {
  it('is offered beside the company, and sends the browser away with state and PKCE', async () => {
    expect(await (await get('/api/auth/options')).json()).toMatchObject({
      oidc: { name: '127.0.0.1' },
      github: { name: 'GitHub' },
    });
    const { page, answer } = await start();
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(new URL(page).origin).toBe(github.url);
    expect(Object.fromEntries(new URL(page).searchParams)).toEqual({
      client_id: github.clientId,
      redirect_uri: `${PUBLIC_URL}/api/auth/github/callback`,
      response_type: 'code',
      scope: 'read:user user:email read:org',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(answer.headers.getSetCookie()[0]).toMatch(/; Path=\/;.*; HttpOnly; SameSite=Lax$/);
    const state = new URL(page).searchParams.get('state');
    expect(JSON.stringify(await sql('SELECT * FROM verifications'))).not.toContain(state);
  });

  it('makes an account by the number, which stays when name and address change, with the role of its teams', async () => {
    const person = somebody({ teams: ['Acme/platform'] });
    const { location, cookie } = await signIn(person);
    expect(location).toBe(APP);
    const mine = await me(cookie);
    expect(mine).toMatchObject({
      user: { name: 'Octo', email: person.emails[0]?.email },
      tenant: { name: 'Personal' },
      role: 'admin',
    });
    const renamed = { ...person, login: 'renamed', emails: [address('renamed@example.org')], teams: [] };
    expect(await me((await signIn(renamed)).cookie)).toEqual({
      ...mine,
      role: 'member',
      permissions: expect.any(Array),
    });
    await waitFor(async () => {
      const entries = await sql(
        `SELECT FROM audit_entries WHERE actor_id = $1 AND action = 'account.signed_in' AND credential_kind = 'provider'`,
        [mine.user.user_id],
      );
      return entries.length === 2;
    });
    expect(
      await sql('SELECT access_token FROM user_accounts WHERE account_id = $1', [`${person.id}`]),
    ).toEqual([{ access_token: null }]);
  });

  it('gives a name that somebody else had before to nobody', async () => {
    const first = somebody({ login: 'ada' });
    const mine = await me((await signIn(first)).cookie);
    const second = await signIn(somebody({ login: 'ada' }));
    expect((await me(second.cookie)).user.user_id).not.toBe(mine.user.user_id);
  });

  it('asks for no organisations where no rule names one', async () => {
    const domains = await startBackend({
      ...sameStores(),
      ...settings,
      GITHUB_SIGN_IN_ALLOWED_GROUPS: '',
      GITHUB_SIGN_IN_ROLE_MAP: '',
      GITHUB_SIGN_IN_ALLOWED_DOMAINS: 'example.org',
    });
    expect(new URL((await start(domains)).page).searchParams.get('scope')).toBe('read:user user:email');
    github.calls.splice(0);
    expect(await whereTo(somebody({ organisations: [] }), domains)).toBe(APP);
    expect(github.calls.toSorted()).toEqual(['/user', '/user/emails?per_page=100&page=1']);
    const elsewhere = somebody({ emails: [address('x@example.com')] });
    expect(await whereTo(elsewhere, domains)).toBe(failed('provider_not_allowed'));
    await domains.stop();
  });

  it('reads all pages of organisations', async () => {
    const many = Array.from({ length: 100 }, (_, index) => `other-${index}`);
    expect(await whereTo(somebody({ organisations: [...many, 'ACME'] }))).toBe(APP);
  });
});

describe('who may sign in with GitHub', () => {
  it.each<[string, Partial<GithubTestPerson>, ProviderFailureCode]>([
    [
      'no verified address',
      { emails: [address('v1@example.org', { verified: false })] },
      'provider_email_unproved',
    ],
    [
      'a verified address that is not the primary one',
      {
        emails: [
          address('v2@example.org', { verified: false }),
          address('v3@example.org', { primary: false, visibility: null }),
        ],
      },
      'provider_email_unproved',
    ],
    ['no address', { emails: [] }, 'provider_email_unproved'],
    ['no organisation', { organisations: [] }, 'provider_not_allowed'],
    [
      'an organisation whose name only begins alike',
      { organisations: ['acme-fans'] },
      'provider_not_allowed',
    ],
    [
      'a team of that name elsewhere',
      { organisations: ['x'], teams: ['x/visitors'] },
      'provider_not_allowed',
    ],
    // Anybody can found an organisation with the name of a company's group.
    [
      'an organisation called as a group of the company',
      { organisations: ['engineering'] },
      'provider_not_allowed',
    ],
  ])('not somebody with %s', async (_, more, code) => {
    expect(await whereTo(somebody(more))).toBe(failed(code));
  });

  it('nobody who has left the organisation; and the sign-ins from before end', async () => {
    const person = somebody();
    const { cookie } = await signIn(person);
    expect(await whereTo({ ...person, organisations: [] })).toBe(failed('provider_not_allowed'));
    expect((await get('/api/me', cookie)).status).toBe(401);
  });

  it('nobody while GitHub does not answer what the rules need', async () => {
    for (const path of ['/user', '/user/emails', '/user/orgs', '/user/teams']) {
      github.broken[path] = 403;
      expect(await whereTo(somebody())).toBe(failed('provider_refused'));
      delete github.broken[path];
    }
  });

  it('only where the settings make sense', async () => {
    const missing = [
      [{ GITHUB_SIGN_IN_ALLOWED_GROUPS: '' }, 'GITHUB_SIGN_IN_ALLOWED_GROUPS must say who may sign in'],
      [{ GITHUB_SIGN_IN_CLIENT_SECRET: undefined }, 'GITHUB_SIGN_IN_CLIENT_SECRET must be set'],
      [{ GITHUB_SIGN_IN_URL: 'http://github.example.org' }, 'it must be an https:// address'],
      [{ GITHUB_SIGN_IN_ROLE_MAP: 'acme=owner' }, 'it must be group=role pairs'],
    ] as const;
    for (const [wrong, message] of missing) {
      const given = { ...sameStores(), ...settings, ...wrong };
      if (given.GITHUB_SIGN_IN_CLIENT_SECRET === undefined) delete given.GITHUB_SIGN_IN_CLIENT_SECRET;
      await expect(startBackend(given as typeof settings)).rejects.toThrow(message);
    }
  });
});

describe('accounts that exist', () => {
  const accountOf = async (verified: boolean) => {
    const { email, userId } = await createPerson(backend, await createTenant(backend, 'Elsewhere'), 'owner');
    await sql('UPDATE users SET email_verified = $1 WHERE id = $2', [verified, userId]);
    return { email, userId };
  };

  it('are opened by a verified address, and not by one that GitHub or we have not verified', async () => {
    const known = await accountOf(true);
    const unverified = [address(known.email, { verified: false })];
    expect(await whereTo(somebody({ emails: unverified }))).toBe(failed('provider_email_unproved'));
    const { cookie } = await signIn(somebody({ emails: [address(known.email)] }));
    expect((await me(cookie)).user.user_id).toBe(known.userId);
    expect(await whereTo(somebody({ emails: [address(known.email)] }))).toBe(
      failed('provider_account_exists'),
    );

    for (const email of [(await accountOf(false)).email, OWNER_EMAIL]) {
      expect(await whereTo(somebody({ emails: [address(email)] }))).toBe(failed('provider_account_exists'));
    }
  });

  it('belong to one person at both providers, each by its own subject', async () => {
    const { email, userId } = await accountOf(true);
    const person = somebody({ emails: [address(email)] });
    await signIn(person);
    // At the company, this subject is somebody else.
    company.person = {
      sub: `${person.id}`,
      email: `other-${email}`,
      email_verified: true,
      groups: ['engineering'],
    };
    const { page, state } = await start(backend, 'oidc');
    const { search } = await company.visit(page);
    const answer = await callback(search, state, backend, 'oidc');
    expect(locationOf(answer)).toBe(APP);
    expect((await me(cookiesOf(answer).join('; '))).user.user_id).not.toBe(userId);
  });
});

describe('somebody who tampers', () => {
  it('cannot use an answer twice, nor in another browser, nor late', async () => {
    const used = await signIn(somebody());
    expect(locationOf(await callback(used.search, used.state))).toBe(failed('provider_expired'));

    github.person = somebody();
    const [mine, other] = [await start(), await start()];
    const { search } = await github.visit(mine.page);
    for (const cookie of ['', other.state]) {
      expect(locationOf(await callback(search, cookie))).toBe(failed('provider_expired'));
    }
    await sql("UPDATE verifications SET expires_at = now() - interval '1 second'");
    expect(locationOf(await callback(search, mine.state))).toBe(failed('provider_expired'));
  });

  it("cannot bring one provider's answer to the other, nor use the other's state", async () => {
    github.person = somebody();
    company.person = {
      sub: 'mixer',
      email: 'mixer@example.org',
      email_verified: true,
      groups: ['engineering'],
    };
    const [here, there] = [await start(), await start(backend, 'oidc')];
    const ofGithub = (await github.visit(here.page)).search;
    const ofCompany = (await company.visit(there.page)).search;
    const renamed = (cookie: string, to: ProviderPath) => cookie.replace(/\.\w+-state=/, `.${to}-state=`);
    // With the names of the cookies changed, as whoever controls the browser can.
    const mixed = [
      await callback(ofGithub, renamed(here.state, 'oidc'), backend, 'oidc'),
      await callback(ofCompany, renamed(there.state, 'github')),
      await callback(ofGithub, here.state, backend, 'oidc'),
    ];
    expect(mixed.map(locationOf)).toEqual(mixed.map(() => failed('provider_expired')));
    expect(locationOf(await callback(ofGithub, here.state))).toBe(APP);
  });

  it('cannot use the code of somebody else, nor one that GitHub did not give', async () => {
    github.person = somebody();
    const [victim, attacker] = [await start(), await start()];
    const stolen = (await github.visit(victim.page)).searchParams;
    const own = (await github.visit(attacker.page)).searchParams;
    own.set('code', stolen.get('code') ?? '');
    expect(locationOf(await callback(`?${own.toString()}`, attacker.state))).toBe(failed('provider_refused'));
    const { page, state } = await start();
    const made = new URLSearchParams({
      state: new URL(page).searchParams.get('state') ?? '',
      code: 'made-up',
    });
    expect(locationOf(await callback(`?${made.toString()}`, state))).toBe(failed('provider_refused'));
    const named = await start();
    const answer = (await github.visit(named.page)).searchParams;
    answer.set('iss', 'https://evil.example');
    expect(locationOf(await callback(`?${answer.toString()}`, named.state))).toBe(failed('provider_refused'));
  });

  it('sees no text of GitHub, and is sent nowhere but into the app', async () => {
    expect(await whereTo(null)).toBe(failed('provider_refused'));
    github.person = somebody();
    const { page, state } = await start();
    const { search } = await github.visit(page);
    expect(locationOf(await callback(`${search}&return_to=//evil.example`, state))).toBe(APP);
    const without = await startBackend(sameStores());
    expect((await start(without)).page).toBe(failed('provider_missing'));
    await without.stop();
  });

  it('is limited like everybody who signs in', async () => {
    const limited = await startBackend({ ...sameStores(), ...settings, SIGN_IN_LIMIT_PER_MINUTE: '1' });
    const answers = [await start(limited), await start(limited)];
    expect(answers.map(({ answer }) => answer.status)).toContain(429);
    await limited.stop();
  });
});
