import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Me } from '@saas-codex/contracts/identity';
import type { Passkey, PasskeyOptions, PasskeyPage } from '@saas-codex/contracts/passkeys';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, createTenant, type TestPerson } from '@saas-codex/testing/backend/people';
import { passkeyDevice } from '@saas-codex/testing/passkey-device';
import { DataSource } from 'typeorm';

const ORIGIN = 'https://codex.example.org';
let backend: TestBackend;
let tenantId: string;
beforeAll(async () => {
  backend = await startBackend({ PUBLIC_URL: ORIGIN });
  tenantId = await createTenant(backend, 'Ours');
});
afterAll(() => backend.stop());

type Device = ReturnType<typeof passkeyDevice>;
const sql = (statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<unknown[]>(statement, parameters);
const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(backend.url + path, {
    method,
    headers: { 'content-type': 'application/json', origin: ORIGIN, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;
const person = () => createPerson(backend, tenantId, 'member');
const challengeFrom = async (answer: Promise<Response>) =>
  ((await (await answer).json()) as PasskeyOptions).challenge;
const creation = ({ cookie }: TestPerson) =>
  challengeFrom(send('PUT', '/api/me/passkeys/options', {}, cookie));
const start = () => challengeFrom(send('POST', '/api/auth/sign-in/passkey/options'));

const add = async (who: TestPerson, device: Device, more: object = {}) =>
  send(
    'POST',
    '/api/me/passkeys',
    {
      name: 'My key',
      credential: device.create({ challenge: await creation(who), origin: ORIGIN, ...more }),
    },
    who.cookie,
  );
const signIn = async (device: Device, more: object = {}, headers: Record<string, string> = {}) =>
  send(
    'POST',
    '/api/auth/sign-in/passkey',
    device.sign({ challenge: await start(), origin: ORIGIN, counter: 2, ...more }),
    headers,
  );
const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
const list = async ({ cookie }: TestPerson) =>
  ((await (await send('GET', '/api/me/passkeys', undefined, cookie)).json()) as PasskeyPage).items;

describe('passkeys', () => {
  it('are added, named, used to sign in, and removed', async () => {
    const [who, device] = [await person(), passkeyDevice()];
    const made = await add(who, device);
    expect(made.status).toBe(201);
    const { passkey_id: id } = (await made.json()) as Passkey;
    const url = `/api/me/passkeys/${id}`;
    expect((await send('PATCH', url, { name: 'Phone' }, who.cookie)).status).toBe(200);
    expect(await list(who)).toMatchObject([{ passkey_id: id, name: 'Phone', last_used_at: null }]);

    const answer = await signIn(device);
    expect(answer.status).toBe(204);
    const cookie = cookieOf(answer);
    expect(((await (await send('GET', '/api/me', undefined, { cookie })).json()) as Me).user.user_id).toBe(
      who.userId,
    );
    expect((await list(who))[0]?.last_used_at).not.toBeNull();

    expect((await send('DELETE', url, undefined, who.cookie)).status).toBe(204);
    expect(await codeOf(await signIn(device, { counter: 3 }))).toBe('passkey_refused');
    expect(await codeOf(await send('DELETE', url, undefined, who.cookie))).toBe('passkey_not_found');
  });

  it('leave entries in the audit log, with their ids and nothing that signs in', async () => {
    const [who, device] = [await person(), passkeyDevice()];
    const { passkey_id: id } = (await (await add(who, device)).json()) as Passkey;
    const url = `/api/me/passkeys/${id}`;
    expect((await send('PATCH', url, { name: 'Phone' }, who.cookie)).status).toBe(200);
    const before = new Date();
    expect((await signIn(device)).status).toBe(204);
    expect((await send('DELETE', url, undefined, who.cookie)).status).toBe(204);
    const entries = await sql(
      `SELECT action, target_kind AS kind, target_id AS target, credential_kind AS by FROM audit_entries
        WHERE tenant_id = $1 AND actor_id = $2 AND (action LIKE 'passkey.%' OR at >= $3) ORDER BY at, id`,
      [tenantId, who.userId, before],
    );
    expect(entries).toEqual([
      { action: 'passkey.created', kind: 'passkey', target: id, by: 'cookie' },
      { action: 'passkey.renamed', kind: 'passkey', target: id, by: 'cookie' },
      { action: 'account.signed_in', kind: 'account', target: who.userId, by: 'passkey' },
      { action: 'passkey.removed', kind: 'passkey', target: id, by: 'cookie' },
    ]);
    const kept = JSON.stringify(await sql('SELECT * FROM audit_entries WHERE actor_id = $1', [who.userId]));
    expect(kept).not.toMatch(/challenge|signature|clientDataJSON|attestation/i);
  });

  it('belong to one person: nobody else sees, names or removes them, or adds the same', async () => {
    const [who, other, device] = [await person(), await person(), passkeyDevice()];
    const { passkey_id: id } = (await (await add(who, device)).json()) as Passkey;
    expect(await list(other)).toEqual([]);
    const url = `/api/me/passkeys/${id}`;
    expect(await codeOf(await send('PATCH', url, { name: 'Mine' }, other.cookie))).toBe('passkey_not_found');
    expect(await codeOf(await send('DELETE', url, undefined, other.cookie))).toBe('passkey_not_found');
    expect(await codeOf(await add(other, device))).toBe('passkey_refused');
    expect(await codeOf(await send('GET', '/api/me/passkeys', undefined, who.key))).toBe('person_required');
  });

  it('are not added with the challenge of somebody else, of another sign-in, or twice', async () => {
    const [who, other] = [await person(), await person()];
    const post = (challenge: string, as: TestPerson) =>
      send(
        'POST',
        '/api/me/passkeys',
        { name: 'Key', credential: passkeyDevice().create({ challenge, origin: ORIGIN }) },
        as.cookie,
      );
    expect(await codeOf(await post(await creation(other), who))).toBe('passkey_refused');
    expect(await codeOf(await post(await start(), who))).toBe('passkey_refused');
    const challenge = await creation(who);
    const answers = await Promise.all([post(challenge, who), post(challenge, who)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 403]);
  });

  it('are refused for another site, without a finger or a PIN, as a copy, and by a wrong key', async () => {
    const [who, device] = [await person(), passkeyDevice()];
    for (const forged of [
      { origin: 'https://evil.example' },
      { host: 'evil.example' },
      { verified: false },
    ]) {
      expect(await codeOf(await add(who, device, forged))).toBe('passkey_refused');
    }
    expect((await add(who, device)).status).toBe(201);
    for (const forged of [
      { origin: 'https://evil.example' },
      { host: 'evil.example' },
      { verified: false },
      { challenge: 'x'.repeat(43) },
      { challenge: await creation(who) },
      { counter: 1 },
    ]) {
      expect(await codeOf(await signIn(device, forged))).toBe('passkey_refused');
    }
    const stolen = passkeyDevice().sign({ challenge: await start(), origin: ORIGIN, counter: 2 });
    const { id, rawId } = device.sign({ challenge: 'x', origin: ORIGIN });
    const answer = await send('POST', '/api/auth/sign-in/passkey', { ...stolen, id, rawId });
    expect(await codeOf(answer)).toBe('passkey_refused');
    expect((await signIn(device)).status).toBe(204);
  });

  it('sign in once per challenge, and not late', async () => {
    const [who, device] = [await person(), passkeyDevice()];
    expect((await add(who, device)).status).toBe(201);
    const answer = device.sign({ challenge: await start(), origin: ORIGIN, counter: 2 });
    const post = () => send('POST', '/api/auth/sign-in/passkey', answer);
    const answers = await Promise.all([post(), post(), post()]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 403, 403]);
    const late = await start();
    await sql("UPDATE verifications SET expires_at = now() - interval '1 second'");
    expect(await codeOf(await signIn(device, { challenge: late, counter: 3 }))).toBe('passkey_refused');
  });

  it('give a new cookie, and end the sign-in of the one that it replaces', async () => {
    const [who, other, device] = [await person(), await person(), passkeyDevice()];
    await add(who, device);
    const planted = `${other.cookie.cookie.split('=')[0]}=planted.by-somebody`;
    for (const [counter, cookie] of [planted, other.cookie.cookie].entries()) {
      const answer = await signIn(device, { counter: counter + 2 }, { cookie });
      expect([answer.status, cookieOf(answer) === cookie]).toEqual([204, false]);
      expect((await send('GET', '/api/me', undefined, { cookie: cookieOf(answer) })).status).toBe(200);
      expect((await send('GET', '/api/me', undefined, { cookie })).status).toBe(401);
    }
  });

  it('take the password of somebody who has one, or a fresh sign-in', async () => {
    const who = await person();
    await sql("UPDATE user_sessions SET created_at = now() - interval '2 days' WHERE user_id = $1", [
      who.userId,
    ]);
    expect(await codeOf(await send('PUT', '/api/me/passkeys/options', {}, who.cookie))).toBe(
      'sign_in_too_old',
    );
  });
});
