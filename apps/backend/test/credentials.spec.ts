import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Credential, CredentialPage, CredentialTest } from '@saas-codex/contracts/credentials';
import type { Me } from '@saas-codex/contracts/identity';
import type { Problem } from '@saas-codex/contracts/problems';
import type { Session } from '@saas-codex/contracts/sessions';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import {
  createPerson,
  createServiceAccount,
  createTenant,
  type TestPerson,
} from '@saas-codex/testing/backend/people';
import { startSilentRunner } from '@saas-codex/testing/backend/silent-runner';
import { startWorkspaces } from '@saas-codex/testing/backend/workspaces-fixture';
import { type SshServer, startSshServer } from '@saas-codex/testing/ssh-server';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { patternOf, search } from '@saas-codex/testing/secret-search';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';
import { generateSshKey } from '../src/credentials/ssh-keys.js';
import { withSshAgent } from '../src/workspaces/git/ssh-agent.js';

/* Private repositories over https, as people and programs open them. The git server is real and asks for a password. */

const execute = promisify(execFile);
const newToken = () => `token-${randomBytes(20).toString('hex')}`;

let git: GitServer;
let runner: Awaited<ReturnType<typeof startSilentRunner>>;
let backend: TestBackend;
let root: string;
let tenantId: string;
let member: TestPerson;
let colleague: TestPerson;
let repoUrl: string;
let token: string;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  [git, runner, root] = await Promise.all([
    startGitServer(),
    startSilentRunner(),
    mkdtemp(join(tmpdir(), 'saas-codex-credentials-')),
  ]);
  backend = await startBackend({
    RUNNER_URL: runner.url,
    WORKSPACES_ROOT: root,
    GIT_TRUSTED_HOSTS: git.host,
  });
  tenantId = (await call<Me>('GET', '/api/me', undefined, {})).body.tenant.tenant_id;
  member = await createPerson(backend, tenantId, 'member');
  colleague = await createPerson(backend, tenantId, 'member');
  token = newToken();
  repoUrl = await git.createRepository('acme/app', { 'README.md': '# Private\n' });
  git.protect('acme/app', { username: 'git', password: token });
});

afterEach(async () => {
  await sql('DELETE FROM git_credentials');
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
afterAll(async () => {
  await backend.stop();
  runner.stop();
  await git.stop();
  await rm(root, { recursive: true, force: true });
});

type Headers = Record<string, string>;
/** The backend's own fetch calls as the owner of the organisation. */
const owner: Headers = {};

const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);

async function call<T>(method: string, path: string, body?: object, headers: Headers = member.key) {
  const answer = await backend.fetch(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, body: (text === '' ? {} : JSON.parse(text)) as T & Problem };
}

const save = (body: object = {}, headers: Headers = member.key) =>
  call<Credential>('POST', '/api/credentials', { host: git.host, token, ...body }, headers);
const list = async (headers: Headers = member.key) =>
  (await call<CredentialPage>('GET', '/api/credentials', undefined, headers)).body.items;

/** Opens a session and waits until it is set up or has failed. */
async function open(url = repoUrl, headers: Headers = member.key): Promise<Session> {
  const later = { ...headers, prefer: 'respond-async' };
  const { body } = await call<Session>('POST', '/api/sessions', { repo_url: url }, later);
  return waitFor(async () => {
    const session = (await call<Session>('GET', `/api/sessions/${body.session_id}`, undefined, headers)).body;
    return session.status === 'provisioning' ? null : session;
  });
}

describe('a private repository', () => {
  it('opens with the token of the person, and says without one where to save it', async () => {
    const refused = await open();
    expect(refused).toMatchObject({ status: 'failed', failure: { code: 'clone_auth_failed' } });
    expect(refused.failure?.detail).toContain('Settings → Git credentials');

    const saved = await save();
    expect(saved).toMatchObject({
      status: 201,
      body: { owner: 'person', host: git.host, path: '', username: 'git', last_used_at: null },
    });
    expect(await open()).toMatchObject({ status: 'ready' });
    expect(await list()).toMatchObject([{ last_used_at: expect.any(String), refused_at: null }]);

    // Nobody else's session gets it, though the mirror is there.
    expect(await open(repoUrl, colleague.key)).toMatchObject({ failure: { code: 'clone_auth_failed' } });
    expect(await list(colleague.key)).toEqual([]);
    const program = await createServiceAccount(backend, tenantId, 'member');
    expect(await open(repoUrl, program.key)).toMatchObject({ failure: { code: 'clone_auth_failed' } });
  });

  it('opens for everybody with a credential of the organisation, which only admins change', async () => {
    expect(await save({ owner: 'organisation' })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const saved = await save({ owner: 'organisation' }, owner);
    expect(saved.status).toBe(201);
    expect(await open()).toMatchObject({ status: 'ready' });
    const program = await createServiceAccount(backend, tenantId, 'member');
    expect(await open(repoUrl, program.key)).toMatchObject({ status: 'ready' });

    const path = `/api/credentials/${saved.body.credential_id}`;
    for (const [method, body] of [['PATCH', { token: newToken() }] as const, ['DELETE'] as const])
      expect(await call(method, path, body)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await list()).toMatchObject([{ owner: 'organisation' }]);
  });

  it('opens with the credential that fits best: a person’s own, then the longest path', async () => {
    const wrong = newToken();
    await save({ owner: 'organisation', path: 'acme/app', token: wrong }, owner);
    await save({ path: '/Acme/', token });
    await save({ path: 'acme/ap', token: wrong });
    await save({ token: wrong });
    expect(await open()).toMatchObject({ status: 'ready' });
    expect(await save({ path: 'Acme' })).toMatchObject({ status: 409, body: { code: 'credential_exists' } });
  });

  it('says that a token was refused, keeps the session, and opens it with the next one', async () => {
    const { credential_id } = (await save({ token: newToken() })).body;
    const session = await open();
    expect(session.failure?.detail).toContain(`refused the credential for ${git.host}`);
    expect(await list()).toMatchObject([{ refused_at: expect.any(String) }]);

    const replaced = await call<Credential>('PATCH', `/api/credentials/${credential_id}`, { token });
    expect(replaced).toMatchObject({ status: 200, body: { refused_at: null } });
    await call('PATCH', `/api/sessions/${session.session_id}`, { status: 'provisioning' });
    await waitFor(async () => {
      const { body } = await call<Session>('GET', `/api/sessions/${session.session_id}`);
      return body.status === 'ready';
    });
  });
});

describe('a private repository over ssh', () => {
  let ssh: SshServer;
  let keyed: TestBackend;
  let url: string;

  beforeAll(async () => {
    ssh = await startSshServer();
    url = ssh.urlOf(git.path('acme/app'));
    // A backend trusts hosts from its start on.
    keyed = await startBackend({
      RUNNER_URL: runner.url,
      WORKSPACES_ROOT: root,
      GIT_TRUSTED_HOSTS: ssh.host,
    });
  });
  afterAll(async () => {
    await keyed.stop();
    await ssh.stop();
  });

  const ask = async <T>(method: string, path: string, body?: object) => {
    const answer = await keyed.fetch(path, {
      method,
      headers: { 'content-type': 'application/json', prefer: 'respond-async' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as T & Problem };
  };
  const opened = async () => {
    const { body } = await ask<Session>('POST', '/api/sessions', { repo_url: url });
    return waitFor(async () => {
      const session = (await ask<Session>('GET', `/api/sessions/${body.session_id}`)).body;
      return session.status === 'provisioning' ? null : session;
    });
  };

  it('opens with a deploy key that is made here, once a person has confirmed the keys of the host', async () => {
    const { body: key } = await ask<Credential>('POST', '/api/credentials', {
      kind: 'ssh_key',
      host: ssh.host,
    });
    expect(key).toMatchObject({ public_key: expect.stringMatching(/^ssh-ed25519 /), host_keys: null });
    await ssh.allow(key.public_key ?? '');
    const at = `/api/credentials/${key.credential_id}`;
    expect((await opened()).failure).toMatchObject({
      code: 'clone_auth_failed',
      detail: expect.stringContaining('Nobody has confirmed the keys'),
    });

    const { body: found } = await ask<Credential>('POST', `${at}/host-keys`);
    const fingerprints = (found.host_keys ?? []).map(({ fingerprint }) => fingerprint);
    expect(fingerprints).toEqual(await ssh.fingerprints());
    expect(await ask('PUT', `${at}/host-keys`, { fingerprints: ['SHA256:another'] })).toMatchObject({
      status: 409,
      body: { code: 'host_keys_differ' },
    });
    expect(await ask('PUT', `${at}/host-keys`, { fingerprints })).toMatchObject({
      body: { host_keys_confirmed_at: expect.any(String) },
    });
    expect(await opened()).toMatchObject({ status: 'ready' });

    // Whoever answers for the host now gets nothing.
    await ssh.replaceHostKeys();
    expect((await opened()).failure).toMatchObject({ code: 'clone_host_key_changed' });
    const { body: others } = await ask<Credential>('POST', `${at}/host-keys`);
    expect(others).toMatchObject({ host_keys_confirmed_at: null });
    expect((await opened()).failure).toMatchObject({ code: 'clone_auth_failed' });
    await ask('PUT', `${at}/host-keys`, { fingerprints: await ssh.fingerprints() });
    expect(await opened()).toMatchObject({ status: 'ready' });

    await ssh.allow('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6Jm0d3b0Vb1kq0m1uS4p8o9x2yq7cJtq5YyXcBvQ2f');
    expect((await opened()).failure?.detail).toContain('The host refused the credential');
  });

  it.each(['ed25519', 'rsa', 'ecdsa'])('opens with a key of one’s own: %s', async (type) => {
    const file = join(root, `key-${type}`);
    await execute('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file]);
    const [private_key, publicKey] = await Promise.all([
      readFile(file, 'utf8'),
      readFile(`${file}.pub`, 'utf8'),
    ]);
    await ssh.allow(publicKey.trim());
    const body = {
      kind: 'ssh_key',
      host: ssh.host,
      path: git.path('acme').replace(/\.git$/, ''),
      private_key,
    };
    const { credential_id } = (await ask<Credential>('POST', '/api/credentials', body)).body;
    const at = `/api/credentials/${credential_id}`;
    await ask('POST', `${at}/host-keys`);
    await ask('PUT', `${at}/host-keys`, { fingerprints: await ssh.fingerprints() });
    expect((await ask<CredentialTest>('POST', `${at}/test`, { repo_url: url })).body).toMatchObject({
      works: true,
    });
    expect((await keyed.fetch(at, { method: 'DELETE' })).status).toBe(204);
  });

  it('leaves no agent behind, and fails where none can be started', async () => {
    const { privateKey, publicKey } = generateSshKey();
    const key = { kind: 'ssh_key' as const, privateKey, publicKey, hostKeys: [] };
    const folder = await withSshAgent(key, async ({ agentSocket }) => {
      expect(await processesNaming(agentSocket)).not.toEqual([]);
      return dirname(agentSocket);
    });
    expect(await processesNaming(folder)).toEqual([]);
    expect(existsSync(folder)).toBe(false);

    // Longer than the name of a socket can be.
    const long = join(root, 'x'.repeat(120));
    await mkdir(long);
    const started = withSshAgent(key, () => Promise.resolve(), long);
    await expect(started).rejects.toThrow('could not be started');
    expect(await processesNaming(long)).toEqual([]);
    expect(await readdir(long)).toEqual([]);
  });

  it('refuses a private key that has a passphrase', async () => {
    const file = join(root, 'key-locked');
    await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'a passphrase', '-f', file]);
    const private_key = await readFile(file, 'utf8');
    expect(
      await ask('POST', '/api/credentials', { kind: 'ssh_key', host: ssh.host, private_key }),
    ).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', detail: expect.stringContaining('without a passphrase') },
    });
  });
});

describe('a credential', () => {
  it('is tried on a repository before a session needs it', async () => {
    const { credential_id } = (await save()).body;
    const tryOn = async (repo_url: string) =>
      (await call<CredentialTest>('POST', `/api/credentials/${credential_id}/test`, { repo_url })).body;
    expect(await tryOn(repoUrl)).toMatchObject({ works: true });
    expect(await tryOn(`${git.origin}/acme/none.git`)).toMatchObject({ works: false });
    expect(await tryOn('https://example.org/acme/app')).toMatchObject({
      works: false,
      detail: expect.stringContaining('not for this repository'),
    });
    git.protect('acme/app', { username: 'git', password: newToken() });
    cleanups.push(() => git.protect('acme/app', { username: 'git', password: token }));
    expect(await tryOn(repoUrl)).toMatchObject({
      works: false,
      detail: expect.stringContaining('refused the credential'),
    });
  });

  it('goes to the host that it is for: to no proxy, and to no host that this one redirects to', async () => {
    const seen: string[] = [];
    const thief = await listening((req, res) => {
      seen.push(JSON.stringify(req.rawHeaders));
      res
        .writeHead(407, { 'proxy-authenticate': 'Basic realm="x"', 'www-authenticate': 'Basic realm="x"' })
        .end();
    });
    const workspaces = await startWorkspaces(['git.company.test'], undefined, {
      HTTP_PROXY: `http://somebody@${thief}`,
    });
    cleanups.push(() => workspaces.close());
    const access = { kind: 'token' as const, username: 'git', password: token };
    const asked = workspaces.clones.listRefs(workspaces.ctx, 'http://git.company.test/acme/app', access);
    await expect(asked).rejects.toThrow('proxy');
    expect(seen.length).toBeGreaterThan(0);

    git.redirect('acme/moved', `http://${thief}`);
    await save();
    expect(await open(`${git.origin}/acme/moved.git`)).toMatchObject({
      failure: { code: 'clone_redirected' },
    });
    expect(search([{ name: 'thief', content: seen.join() }], { token: patternOf(token) })).toEqual({
      token: [],
    });
  });

  it('is nowhere but sealed in the database: no workspace, mirror, answer or log has it', async () => {
    await save();
    const session = await open();
    const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((one) =>
      one.isFile(),
    );
    const places = await Promise.all(
      files.map(async ({ parentPath, name }) => ({
        name: join(parentPath, name),
        content: await readFile(join(parentPath, name)).catch(() => ''),
      })),
    );
    expect(places.length).toBeGreaterThan(20);
    const tables = await sql<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()`,
    );
    const rows = await Promise.all(
      tables.map(async ({ name }) => ({
        name,
        content: JSON.stringify(await sql(`SELECT * FROM "${name}"`)),
      })),
    );
    const answers = [
      { name: 'session', content: JSON.stringify(session) },
      { name: 'list', content: JSON.stringify(await list()) },
    ];
    const canary = { name: 'canary', content: Buffer.from(`git:${token}`).toString('base64') };
    expect(search([...places, ...rows, ...answers, canary], { token: patternOf(token) })).toEqual({
      token: ['canary'],
    });
  });

  it('goes with the person who leaves, and its sealed token with it', async () => {
    const { userId, key } = await createPerson(backend, tenantId, 'member');
    const { credential_id } = (await save({}, key)).body;
    const sealed = () => sql('SELECT 1 FROM secrets WHERE id = $1', [credential_id]);
    expect(await sealed()).toHaveLength(1);
    expect((await call('DELETE', `/api/members/${userId}`, undefined, owner)).status).toBe(204);
    expect(await sealed()).toHaveLength(0);
  });

  it('of another person or organisation does not exist', async () => {
    const { credential_id } = (await save()).body;
    const elsewhere = await createPerson(backend, await createTenant(backend, 'Elsewhere'), 'owner');
    for (const headers of [colleague.key, elsewhere.key, owner]) {
      const path = `/api/credentials/${credential_id}`;
      expect(await call('PATCH', path, { token: newToken() }, headers)).toMatchObject({ status: 404 });
      expect(await call('DELETE', path, undefined, headers)).toMatchObject({ status: 404 });
      expect(await call('POST', `${path}/test`, { repo_url: repoUrl }, headers)).toMatchObject({
        status: 404,
      });
    }
    expect(await list()).toHaveLength(1);
  });

  it.each([
    ['a host that is none', { host: 'a b' }],
    ['an address', { host: 'https://github.com' }],
    ['a port that is none', { host: 'github.com:99999' }],
    ['a token of two lines', { token: 'abcdefgh\npassword=x' }],
    ['a user name with a colon', { username: 'a:b' }],
  ])('is refused with %s', async (_name, body) => {
    expect(await save(body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

async function processesNaming(text: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(commands)).filter((command) => command.includes(text));
}

async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
