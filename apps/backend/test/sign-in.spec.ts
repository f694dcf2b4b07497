import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { gatewayMark } from '@saas-codex/service-kit/http/gateway-mark';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { codeOf, cookieOf, PASSWORD, tokenIn, SignInWorld } from '@saas-codex/testing/backend/sign-in-world';
import { AUTH, type Auth } from '../src/identity/better-auth.js';
import { createSignInToken, OWNER_EMAIL } from '../src/identity/sign-in-links.js';

let world: SignInWorld;
beforeAll(async () => {
  world = await SignInWorld.start();
});
afterAll(() => world.stop());

describe('signing up', () => {
  it('creates an account with an organisation of its own, for who has the mailbox', async () => {
    const cookie = await world.join('Ada@Example.org'.toLowerCase());
    expect(await (await world.me(cookie)).json()).toMatchObject({
      user: { name: 'Ada', email: 'ada@example.org' },
      tenant: { name: "Ada's organisation" },
      role: 'owner',
    });
    expect((await world.signIn('ADA@example.org', PASSWORD)).status).toBe(204);
  });

  it('gives each link to one account, even if many requests use it at the same time', async () => {
    await world.auth('sign-up', { email: 'once@example.org' });
    const token = tokenIn((await world.mail.take('once@example.org')).text);
    const body = { token, name: 'Once', password: PASSWORD };
    const answers = await Promise.all(Array.from({ length: 10 }, () => world.auth('sign-up/complete', body)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(await codeOf(await world.auth('sign-up/complete', body))).toEqual([410, 'link_invalid']);
    expect(JSON.stringify(await world.sql('SELECT * FROM verifications'))).not.toContain(token);
  });

  it('gives an address one account, even if several of its links are used at the same time', async () => {
    const tokens: string[] = [];
    for (let link = 0; link < 4; link += 1) {
      await world.auth('sign-up', { email: 'twice@example.org' });
      tokens.push(tokenIn((await world.mail.take('twice@example.org')).text));
    }
    const answers = await Promise.all(
      tokens.map((token) => world.auth('sign-up/complete', { token, name: 'Twice', password: PASSWORD })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 410, 410, 410]);
  });

  it('answers alike for an address that has an account, and tells only its mailbox', async () => {
    await world.join('known@example.org');
    const answers = [
      await world.auth('sign-up', { email: 'known@example.org' }),
      await world.auth('sign-up', { email: 'new@example.org' }),
    ];
    expect(await Promise.all(answers.map(async (each) => [each.status, await each.text()]))).toEqual([
      [204, ''],
      [204, ''],
    ]);
    expect((await world.mail.take('known@example.org')).text).toContain('there is one already');
    expect((await world.mail.take('new@example.org')).text).toContain('/sign-up#token=');
  });

  it('is closed unless a setting opens it, also for a link from before', async () => {
    await world.auth('sign-up', { email: 'late@example.org' });
    const token = tokenIn((await world.mail.take('late@example.org')).text);
    expect(await codeOf(await world.auth('sign-up', { email: 'a@example.org' }, {}, world.silent))).toEqual([
      403,
      'sign_up_closed',
    ]);
    const body = { token, name: 'Late', password: PASSWORD };
    expect(await codeOf(await world.auth('sign-up/complete', body, {}, world.silent))).toEqual([
      403,
      'sign_up_closed',
    ]);
    const options = (of: TestBackend) => fetch(`${of.url}/api/auth/options`).then((answer) => answer.json());
    expect(await options(world.backend)).toEqual({ sign_up: 'open', mail: true, signed_in_as: null });
    expect(await options(world.silent)).toEqual({ sign_up: 'closed', mail: false, signed_in_as: null });
  });

  it('cannot be opened without a mail server', async () => {
    const { DATABASE_URL, REDIS_URL } = world.backend.config;
    await expect(startBackend({ DATABASE_URL, REDIS_URL, SIGN_UP: 'open' })).rejects.toThrow(
      'SMTP_URL must be set',
    );
  });
});

it.each<[string, (headers: Record<string, string>) => Promise<Response>]>([
  ['a password', (headers) => world.signIn('bea@example.org', PASSWORD, headers)],
  [
    'a one-time link',
    async (headers) => {
      const token = await createSignInToken(world.backend.app.get<Auth>(AUTH), 'bea@example.org');
      return world.auth('sign-in', { token }, headers);
    },
  ],
  [
    'a new account',
    async (headers) => {
      const email = `${randomUUID()}@example.org`;
      await world.auth('sign-up', { email });
      const token = tokenIn((await world.mail.take(email)).text);
      return world.auth('sign-up/complete', { token, name: 'New', password: PASSWORD }, headers);
    },
  ],
])(
  'signing in with %s gives a new cookie, and ends the sign-in of the one that it replaces',
  async (_, enter) => {
    const known = await world.signIn('bea@example.org', PASSWORD);
    const old = known.ok ? cookieOf(known) : await world.join('bea@example.org');
    const planted = `${old.split('=')[0]}=planted.by-somebody`;
    for (const cookie of [planted, old]) {
      const answer = await enter(world.asPerson(cookie));
      expect(answer.status).toBe(204);
      expect(cookieOf(answer)).not.toBe(cookie);
      expect((await world.me(cookieOf(answer))).status).toBe(200);
      expect((await world.me(cookie)).status).toBe(401);
    }
  },
);

describe('signing in with a password', () => {
  it('gives an unknown address the answer and the work of a wrong password', async () => {
    await world.join('cleo@example.org');
    const { password } = await world.backend.app.get<Auth>(AUTH).$context;
    const [hash, verify] = [jest.spyOn(password, 'hash'), jest.spyOn(password, 'verify')];
    try {
      const bodies = await Promise.all(
        ['cleo@example.org', 'nobody@example.org', OWNER_EMAIL].map(async (email) => {
          const answer = await world.signIn(email, 'not the password');
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
    await world.join('dora@example.org');
    const guesses = Array.from({ length: 14 }, (_, index) =>
      world.signIn('dora@example.org', `guess ${index}`, {}, index % 2 ? world.backend : world.silent),
    );
    const codes = (await Promise.all(guesses)).map(({ status }) => status);
    expect(codes.filter((status) => status === 401)).toHaveLength(10);
    expect(codes.filter((status) => status === 429)).toHaveLength(4);
    const locked = await world.signIn('dora@example.org', PASSWORD);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await codeOf(locked)).toEqual([429, 'sign_in_locked']);
    // Somebody else at this address, and this person at another.
    await world.join('else@example.org');
    expect((await world.signIn('else@example.org', PASSWORD)).status).toBe(204);
    const elsewhere = {
      'x-gateway-mark': gatewayMark(world.backend.config.REDIS_URL) ?? '',
      'x-forwarded-for': '192.0.2.7',
    };
    expect((await world.signIn('dora@example.org', PASSWORD, elsewhere)).status).toBe(204);
  });

  it('locks an address that has no account alike', async () => {
    for (let guess = 0; guess < 10; guess++) await world.signIn('ghost@example.org', `guess ${guess}`);
    expect(await codeOf(await world.signIn('ghost@example.org', PASSWORD))).toEqual([429, 'sign_in_locked']);
  });

  it.each<[string, Record<string, string>]>([
    ['another site', { origin: 'http://evil.example' }],
    ['another site, without Origin', { 'sec-fetch-site': 'cross-site' }],
    [
      'a form, which browsers send to any site',
      { 'content-type': 'text/plain', origin: 'http://evil.example' },
    ],
  ])('is refused from %s', async (_, headers) => {
    expect(await codeOf(await world.signIn(OWNER_EMAIL, PASSWORD, headers))).toEqual([
      403,
      'origin_forbidden',
    ]);
  });

  it('is refused to somebody who belongs to no organisation, where sign-up is closed', async () => {
    const cookie = await world.join('gone@example.org');
    await world.sql(
      "DELETE FROM members WHERE user_id = (SELECT id FROM users WHERE email = 'gone@example.org')",
    );
    const refused = await world.signIn('gone@example.org', PASSWORD, {}, world.silent);
    expect([await codeOf(refused), cookieOf(refused)]).toEqual([[403, 'organisation_missing'], '']);
    expect((await world.me(cookie)).status).toBe(401);
    expect((await world.signIn('gone@example.org', PASSWORD)).status).toBe(204);
  });
});
