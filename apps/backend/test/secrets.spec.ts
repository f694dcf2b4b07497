import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HEADERS } from '@saas-codex/contracts/http';
import type { Problem } from '@saas-codex/contracts/problems';
import { MAX_SECRETS_PER_TENANT, type Secret, type SecretPage } from '@saas-codex/contracts/secrets';
import type { Session } from '@saas-codex/contracts/sessions';
import type { Me } from '@saas-codex/contracts/identity';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, createTenant } from '@saas-codex/testing/backend/people';
import { patternOf } from '@saas-codex/testing/secret-search';
import { DataSource } from 'typeorm';
import { MasterKeys } from '../src/secrets/master-keys.js';
import { rotateSecrets } from '../src/secrets/rotation.js';
import { SecretStore } from '../src/secrets/secret-store.js';

const execute = promisify(execFile);
const ROTATE = fileURLToPath(new URL('../dist/rotate-secrets.js', import.meta.url));
const newValue = () => `value-${randomBytes(20).toString('hex')}`;

let backend: TestBackend;
let tenantId: string;
let other: Awaited<ReturnType<typeof addTenant>>;

beforeAll(async () => {
  backend = await startBackend();
  tenantId = ((await (await backend.fetch('/api/me')).json()) as Me).tenant.tenant_id;
  other = await addTenant('Other');
});
afterAll(() => backend.stop());

const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);
async function addTenant(name: string) {
  const id = await createTenant(backend, name);
  return { tenantId: id, headers: (await createPerson(backend, id, 'owner')).key };
}
async function call<T>(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const answer = await backend.fetch(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, body: (text === '' ? {} : JSON.parse(text)) as T & Problem };
}
const save = async (name: string, value = newValue()) =>
  (await call<Secret>('POST', '/api/secrets', { name, value })).body;
const valueOf = async (name: string) =>
  (await backend.app.get(SecretStore, { strict: false }).values({ tenantId }, [name]))[name];
const keyIds = async () =>
  (await sql<{ id: string }>('SELECT DISTINCT key_id AS id FROM secrets')).map(({ id }) => id);

describe('a secret', () => {
  it('is saved, listed by name, renamed, replaced and deleted, and nothing gives its value back', async () => {
    const [value, replaced] = [newValue(), newValue()];
    const created = await call<Secret>('POST', '/api/secrets', { name: 'SECOND', value });
    expect(created).toMatchObject({ status: 201, body: { kind: 'environment', name: 'SECOND' } });
    const first = await save('FIRST');
    const path = `/api/secrets/${created.body.secret_id}`;
    expect((await call('PATCH', path, { name: 'THIRD' })).status).toBe(200);
    const changed = await call<Secret>('PATCH', path, { value: replaced });
    expect(Date.parse(changed.body.updated_at)).toBeGreaterThan(Date.parse(created.body.updated_at));
    const page = await call<SecretPage>('GET', '/api/secrets?limit=1');
    expect(page.body.items).toMatchObject([{ name: 'FIRST' }]);
    const rest = await call<SecretPage>(
      'GET',
      `/api/secrets?kind=environment&cursor=${page.body.next_cursor}`,
    );
    expect(rest.body.items).toEqual([changed.body]);
    expect(await valueOf('THIRD')).toBe(replaced);
    const told = [created, changed, page, rest].map(({ text }) => text).join();
    for (const one of [value, replaced]) expect(told).not.toMatch(patternOf(one));
    for (const id of [first.secret_id, created.body.secret_id])
      expect((await call('DELETE', `/api/secrets/${id}`)).status).toBe(204);
    expect(await call('DELETE', path)).toMatchObject({ status: 404, body: { code: 'secret_not_found' } });
  });

  it('keeps its value to the byte, and a value with the name of another tenant apart', async () => {
    const value = ' line one\r\nline "two"\t{} ${HOME} ä\u{1f511}\n';
    const { secret_id: id } = await save('EXACT', value);
    await call('POST', '/api/secrets', { name: 'EXACT', value: newValue() }, other.headers);
    expect(await valueOf('EXACT')).toBe(value);
    await call('DELETE', `/api/secrets/${id}`);
  });

  it.each<[body: { name: string; value?: string; kind?: string }, path: string]>([
    [{ name: 'PATH', value: newValue() }, '/name'],
    [{ name: 'https_proxy', value: newValue() }, '/name'],
    [{ name: 'LD_PRELOAD', value: newValue() }, '/name'],
    [{ name: 'CODEX_HOME', value: newValue() }, '/name'],
    [{ name: '1ST', value: newValue() }, '/name'],
    [{ name: 'A-B', value: newValue() }, '/name'],
    [{ name: 'A'.repeat(101), value: newValue() }, '/name'],
    [{ name: 'SHORT', value: ' 1234567 ' }, '/value'],
    [{ name: 'LONG', value: 'ä'.repeat(5_000) }, '/value'],
    [{ name: 'NUL', value: `${newValue()}\0` }, '/value'],
    [{ name: 'MISSING' }, '/value'],
    [{ name: 'MORE', value: newValue(), kind: 'model_key' }, ''],
  ])('is refused as %j', async (body, path) => {
    const answer = await call('POST', '/api/secrets', body);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    expect(answer.body.errors?.map((error) => error.path)).toContain(path || '/');
    if (body.value) expect(answer.text).not.toContain(body.value.trim());
  });

  it('has a name of its own', async () => {
    const [one, two] = [await save('TAKEN'), await save('FREE')];
    const taken = { status: 409, body: { code: 'secret_name_taken' } };
    expect(await call('POST', '/api/secrets', { name: 'TAKEN', value: newValue() })).toMatchObject(taken);
    expect(await call('PATCH', `/api/secrets/${two.secret_id}`, { name: 'TAKEN' })).toMatchObject(taken);
    for (const { secret_id } of [one, two]) await call('DELETE', `/api/secrets/${secret_id}`);
  });

  it('is one of a limited number', async () => {
    await sql(
      `INSERT INTO secrets SELECT gen_random_uuid(), $1, 'webhook_secret', 'n' || n, $3, '', '', '', now(), now()
         FROM generate_series(1, $2::integer) n`,
      [tenantId, MAX_SECRETS_PER_TENANT - 1, (await new MasterKeys(backend.config).get())[0].id],
    );
    const answers = await Promise.all(
      ['ONE', 'TWO', 'THREE'].map((name) => call('POST', '/api/secrets', { name, value: newValue() })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('too_many_secrets');
    await sql('DELETE FROM secrets WHERE tenant_id = $1', [tenantId]);
  });

  it('is saved once by a request that is repeated, which leaves nothing in the database to try guesses on', async () => {
    const headers = { [HEADERS.idempotencyKey]: randomUUID() };
    const send = (name: string, value: string) =>
      call<Secret>('POST', '/api/secrets', { name, value }, headers);
    const [first, again] = [await send('ONCE', 'password1'), await send('ONCE', 'password2')];
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(await valueOf('ONCE')).toBe('password1');
    expect(await send('ANOTHER', 'password1')).toMatchObject({ body: { code: 'idempotency_key_reused' } });
    await call('DELETE', `/api/secrets/${first.body.secret_id}`);
  });
});

describe('in the database, a secret', () => {
  it('is encrypted', async () => {
    const value = newValue();
    const { secret_id: id } = await save('ENCRYPTED', value);
    const rows = await sql<{ row: string }>(
      `SELECT s::text || encode(wrapped_key, 'escape') || encode(ciphertext, 'escape') AS row FROM secrets s`,
    );
    expect(JSON.stringify(rows)).not.toMatch(patternOf(value));
    await call('DELETE', `/api/secrets/${id}`);
  });

  it.each([
    [
      'of another row',
      'UPDATE secrets SET wrapped_key = o.wrapped_key, ciphertext = o.ciphertext FROM secrets o',
    ],
    ['of a row that became another kind', `UPDATE secrets SET kind = 'model_key' FROM secrets o`],
    ['of a row that moved to another tenant', `UPDATE secrets SET tenant_id = '<other>' FROM secrets o`],
    [
      'of a row whose value was changed',
      `UPDATE secrets SET ciphertext = secrets.ciphertext || '\\x00' FROM secrets o`,
    ],
  ])('does not open with the content %s', async (_, change) => {
    const [mine, theirs] = [await save('MINE'), await save('THEIRS')];
    const where = 'WHERE secrets.id = $1 AND o.id = $2';
    await sql(`${change.replace('<other>', other.tenantId)} ${where}`, [mine.secret_id, theirs.secret_id]);
    const store = backend.app.get(SecretStore, { strict: false });
    const [row] = await sql<{ tenant: string; kind: string }>(
      'SELECT tenant_id AS tenant, kind FROM secrets WHERE id = $1',
      [mine.secret_id],
    );
    // The kind is part of the row's place, so a row of another kind is not among those that a session can name.
    const opened = store.values({ tenantId: row?.tenant ?? '' }, ['MINE']);
    if (row?.kind === 'environment') await expect(opened).rejects.toThrow('cannot be decrypted');
    else expect(await opened).toEqual({});
    await sql('DELETE FROM secrets');
  });

  it('goes with its tenant', async () => {
    const gone = await addTenant('Gone');
    await call('POST', '/api/secrets', { name: 'GONE', value: newValue() }, gone.headers);
    await sql('DELETE FROM tenants WHERE id = $1', [gone.tenantId]);
    expect(await sql('SELECT FROM secrets WHERE tenant_id = $1', [gone.tenantId])).toEqual([]);
  });
});

describe('a session', () => {
  it('names the secrets that it gets, which follow a new name', async () => {
    const secret = await save('OF_SESSION');
    const made = await call<Session>(
      'POST',
      '/api/sessions',
      { secrets: ['OF_SESSION'] },
      { prefer: 'respond-async' },
    );
    expect([made.status, made.body.secrets]).toEqual([201, ['OF_SESSION']]);
    await call('PATCH', `/api/secrets/${secret.secret_id}`, { name: 'RENAMED' });
    const path = `/api/sessions/${made.body.session_id}`;
    expect((await call<Session>('GET', path)).body.secrets).toEqual(['RENAMED']);
    expect((await call<Session>('PATCH', path, { secrets: [] })).body.secrets).toEqual([]);
    await call('DELETE', `/api/secrets/${secret.secret_id}`);
  });

  it('cannot name secrets that do not exist, or that belong to another tenant', async () => {
    await call('POST', '/api/secrets', { name: 'ONLY_THEIRS', value: newValue() }, other.headers);
    const made = await call<Session>('POST', '/api/sessions', {}, { prefer: 'respond-async' });
    const path = `/api/sessions/${made.body.session_id}`;
    for (const [method, where] of [
      ['POST', '/api/sessions'],
      ['PATCH', path],
    ] as const) {
      const answer = await call(method, where, { secrets: ['ONLY_THEIRS'] });
      expect([answer.status, answer.body.code]).toEqual([422, 'secret_unknown']);
      expect(answer.body.detail).toContain('ONLY_THEIRS');
    }
  });
});

describe('the master key', () => {
  it('is made by the first start, readable by its owner only', async () => {
    const { mode } = await stat(backend.config.SECRETS_KEY_FILE);
    expect((mode & 0o777).toString(8)).toBe('600');
    expect(await readFile(backend.config.SECRETS_KEY_FILE, 'utf8')).toMatch(/^[\da-f]{64}\n$/);
  });

  it('is rotated while secrets are saved and replaced, also after an interruption, and old keys are needed no more', async () => {
    const values = new Map<string, string>();
    const ids = new Map<string, string>();
    for (let index = 0; index < 150; index += 1) {
      const name = `ROTATED_${index}`;
      values.set(name, newValue());
      ids.set(name, (await save(name, values.get(name))).secret_id);
    }
    const keys = new MasterKeys(backend.config);
    const [old] = await keys.get();
    const list = await keys.addKey();
    let statements = 0;
    const interrupted = <T>(statement: string, parameters: unknown[]) => {
      if (++statements > 60) throw new Error('interrupted');
      return sql<T>(statement, parameters);
    };
    await expect(rotateSecrets(interrupted, list)).rejects.toThrow('interrupted');
    expect((await keyIds()).toSorted()).toEqual([old.id, list[0].id].toSorted());

    const rotation = new AbortController();
    const write = async () => {
      for (let index = 0; !rotation.signal.aborted; index = (index + 1) % 150) {
        const name = `ROTATED_${index}`;
        const value = newValue();
        const answer = await call('PATCH', `/api/secrets/${ids.get(name)}`, { value });
        expect(answer.status).toBe(200);
        values.set(name, value);
      }
    };
    const writing = write();
    const env = { ...process.env, ...settingsOf(backend), NODE_OPTIONS: '' };
    const { stdout } = await execute(process.execPath, [ROTATE], { env });
    rotation.abort();
    await writing;
    const [current, ...others] = await keys.get();
    expect(stdout).toContain(`All use the key ${current.id} now.`);
    expect(others.map(({ id }) => id)).toEqual([list[0].id, old.id]);
    expect(await keyIds()).toEqual([current.id]);
    const lines = (await readFile(backend.config.SECRETS_KEY_FILE, 'utf8')).split('\n');
    await writeFile(backend.config.SECRETS_KEY_FILE, `${lines[0]}\n`);
    for (const [name, value] of values) expect([name, await valueOf(name)]).toEqual([name, value]);
    await sql('DELETE FROM secrets');
  });

  it.each<[string, string | undefined, RegExp]>([
    [
      'another one',
      'x'.repeat(40),
      /^The master key of one saved secret is another one \(key [\da-f]{16}\): put the key/,
    ],
    [
      'one that is too short',
      'short',
      /^SECRETS_KEY_FILE: the file must hold one or more secrets of at least 32/,
    ],
  ])('keeps the backend from starting when it is %s, and says what to do', async (_, key, sentence) => {
    await save('KEPT');
    const file = `${backend.config.SECRETS_KEY_FILE}-${randomUUID()}`;
    await writeFile(file, String(key));
    await expect(startBackend({ ...settingsOf(backend), SECRETS_KEY_FILE: file })).rejects.toThrow(sentence);
    await sql('DELETE FROM secrets');
  });

  it('keeps the backend from starting when it is missing, and is not made anew while secrets need it', async () => {
    await save('KEPT');
    const file = `${backend.config.SECRETS_KEY_FILE}-missing`;
    const starting = startBackend({ ...settingsOf(backend), SECRETS_KEY_FILE: file });
    await expect(starting).rejects.toThrow(/^The master key of one saved secret is missing/);
    await expect(stat(file)).rejects.toThrow('ENOENT');
    await sql('DELETE FROM secrets');
  });

  it('may be given in SECRETS_KEY, the current one before those that only read', async () => {
    const [first, second] = [randomBytes(32).toString('hex'), randomBytes(32).toString('base64')];
    const before = new MasterKeys({ SECRETS_KEY: [first], SECRETS_KEY_FILE: '/nowhere' });
    const after = new MasterKeys({ SECRETS_KEY: [second, first], SECRETS_KEY_FILE: '/nowhere' });
    const [oldKey] = await before.get();
    const [newKey, ...readOnly] = await after.get();
    expect(newKey.id).not.toBe(oldKey.id);
    expect(readOnly).toEqual([oldKey]);
    await expect(after.addKey()).rejects.toThrow('SECRETS_KEY is set');
  });
});

/** The settings of a backend on the same stores, as texts. */
const settingsOf = ({ config }: TestBackend) => ({
  DATABASE_URL: config.DATABASE_URL,
  REDIS_URL: config.REDIS_URL,
  SECRETS_KEY_FILE: config.SECRETS_KEY_FILE,
});
