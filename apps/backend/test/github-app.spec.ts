import { createHmac, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type {
  Forge,
  ForgePage,
  ForgeTest,
  GithubAppForm,
  RepositorySearch,
} from '@saas-codex/contracts/forges';
import type { Me } from '@saas-codex/contracts/identity';
import type { Problem } from '@saas-codex/contracts/problems';
import type { PullRequest } from '@saas-codex/contracts/pull-requests';
import type { Session } from '@saas-codex/contracts/sessions';
import type { Commit, Push } from '@saas-codex/contracts/shipping';
import { connectRedis } from '@saas-codex/service-kit/redis';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, createTenant, type TestPerson } from '@saas-codex/testing/backend/people';
import { startSilentRunner } from '@saas-codex/testing/backend/silent-runner';
import { startGithub } from '@saas-codex/testing/forges/github';
import { installApp } from '@saas-codex/testing/forges/github-apps';
import { postManifest } from '@saas-codex/testing/forges/github-manifests';
import { githubPullRequests } from '@saas-codex/testing/forges/github-pull-requests';
import { addGithubRepository } from '@saas-codex/testing/forges/github-repositories';
import type { GithubTestApp, GithubWorld } from '@saas-codex/testing/forges/github-world';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { patternOf, search } from '@saas-codex/testing/secret-search';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';
import { githubManifest } from '../src/forges/github/github-manifest.js';
import { PullRequestReconciler } from '../src/pull-requests/pull-request-reconciler.js';

/* A GitHub App of the organisation's own: made, installed, used for git and for the API, and refused. */

const PUBLIC_URL = 'https://codex.example.org';
const NAME = 'acme/app';

let git: GitServer;
let github: GithubWorld;
let runner: Awaited<ReturnType<typeof startSilentRunner>>;
let backend: TestBackend;
let root: string;
let member: TestPerson;
let admin: TestPerson;
const pullRequests = githubPullRequests();
/** All that the backend has logged, at every level. */
const logged: string[] = [];

type Headers = Record<string, string>;
const owner: Headers = {};

beforeAll(async () => {
  // pino writes through a standard output that was replaced before it started.
  jest.spyOn(process.stdout, 'write').mockImplementation((data) => {
    logged.push(String(data));
    return true;
  });
  [git, runner, root] = await Promise.all([
    startGitServer(),
    startSilentRunner(),
    mkdtemp(join(tmpdir(), 'saas-codex-github-app-')),
  ]);
  github = await startGithub({ git, onlyForApps: true, endpoints: [pullRequests.endpoints] });
  backend = await startBackend({
    RUNNER_URL: runner.url,
    WORKSPACES_ROOT: root,
    GIT_TRUSTED_HOSTS: github.host,
    LOG_LEVEL: 'trace',
    PUBLIC_URL,
  });
  const { tenant_id: tenantId } = (await call<Me>('GET', '/api/me', undefined, owner)).body.tenant;
  [member, admin] = await Promise.all([
    createPerson(backend, tenantId, 'member'),
    createPerson(backend, tenantId, 'admin'),
  ]);
  await git.createRepository(NAME, { 'README.md': '# Private\n' });
  await git.createRepository('acme/other', { 'README.md': '# Of others\n' });
  addGithubRepository(github, NAME, { pushedAt: '2026-03-01T00:00:00Z' });
  addGithubRepository(github, 'acme/other', { pushedAt: '2026-02-01T00:00:00Z' });
});
afterEach(async () => {
  await sql('DELETE FROM connected_forges');
  github.apps.clear();
  github.tokens.clear();
  github.calls.length = 0;
  expect(github.wrong).toEqual([]);
});
afterAll(async () => {
  await backend.stop();
  runner.stop();
  await Promise.all([git.stop(), github.stop(), rm(root, { recursive: true, force: true })]);
  jest.restoreAllMocks();
});

const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);

async function call<T>(method: string, path: string, body?: object, headers: Headers = member.key) {
  const answer = await backend.fetch(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as T & Problem };
}

const begin = (headers: Headers = owner, body: object = {}) =>
  call<GithubAppForm>(
    'POST',
    '/api/forges/github-apps',
    { url: github.url, organisation: 'acme', ...body },
    headers,
  );
const convert = (body: object, headers: Headers = owner) =>
  call<Forge>('POST', '/api/forges/github-apps/conversions', body, headers);

/** An App that is connected. */
async function connected(): Promise<{ forge: Forge; app: GithubTestApp }> {
  const given = await postManifest((await begin()).body);
  const { status, body: forge } = await convert(given);
  expect(status).toBe(201);
  const app = github.apps.get(given.code);
  if (!app) throw new Error('GitHub has no App.');
  return { forge, app };
}

const test = async ({ forge_id }: Forge) =>
  (await call<ForgeTest>('POST', `/api/forges/${forge_id}/test`)).body;
const right = ({ rights }: ForgeTest, name: string) => rights.find((one) => one.right === name);
const find = async (query = '') =>
  (await call<RepositorySearch>('GET', `/api/repositories?query=${query}`)).body;

/** Opens a session and waits until it is set up or has failed. */
async function open(name = NAME): Promise<Session> {
  const later = { ...member.key, prefer: 'respond-async' };
  const { body } = await call<Session>(
    'POST',
    '/api/sessions',
    { repo_url: `${github.url}/${name}.git` },
    later,
  );
  return waitFor(async () => {
    const session = (await call<Session>('GET', `/api/sessions/${body.session_id}`)).body;
    return session.status === 'provisioning' ? null : session;
  });
}

/** Changes a file, commits and pushes it. */
async function ship({ session_id: id }: Session): Promise<Push> {
  await writeFile(join(root, id, 'repo', `${randomUUID()}.txt`), 'red\n');
  const { body: made } = await call<Commit>('POST', `/api/sessions/${id}/commits`, {});
  return push(id, made.commit_id);
}
async function push(id: string, commit_id: string): Promise<Push> {
  const at = `/api/sessions/${id}/pushes`;
  const { body: sent } = await call<Push>('POST', at, { commit_id });
  return waitFor(async () => {
    const { body } = await call<Push>('GET', `${at}/${sent.push_id}`);
    return body.status === 'pending' ? null : body;
  });
}

describe('the way to an App', () => {
  it('begins with a manifest that asks for what is used, and ends with a connection of the organisation', async () => {
    expect((await begin(member.key)).status).toBe(403);
    const { status, body: form } = await begin();
    expect(status).toBe(201);
    expect(form.url).toBe(`${github.url}/organizations/acme/settings/apps/new`);
    expect(JSON.parse(form.manifest)).toEqual({
      name: 'saas-codex-acme',
      url: PUBLIC_URL,
      redirect_url: `${PUBLIC_URL}/settings/github-app`,
      setup_url: `${PUBLIC_URL}/settings/github-app`,
      public: false,
      hook_attributes: {
        url: expect.stringMatching(`^${PUBLIC_URL}/api/webhooks/[0-9a-f-]{36}$`),
        active: true,
      },
      default_permissions: {
        actions: 'read',
        checks: 'read',
        contents: 'write',
        metadata: 'read',
        pull_requests: 'write',
        statuses: 'write',
      },
      default_events: expect.arrayContaining(['pull_request', 'push', 'status']),
    });
    const { body: forge } = await convert(await postManifest(form));
    expect(forge).toMatchObject({
      kind: 'github',
      owner: 'organisation',
      host: github.host,
      github_app: {
        name: 'saas-codex-acme',
        install_url: `${github.url}/apps/saas-codex-acme/installations/new`,
      },
    });
    expect((await call<ForgePage>('GET', '/api/forges')).body.items).toEqual([forge]);
    expect(await begin()).toMatchObject({ status: 409, body: { code: 'forge_exists' } });
    const replaced = await call('PATCH', `/api/forges/${forge.forge_id}`, { token: 'a-token-for-it' }, owner);
    expect(replaced).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('has no webhook where GitHub cannot reach us', () => {
    const wanted = { name: 'x'.repeat(50), returnPath: '/back', webhookPath: '/hook' };
    for (const publicUrl of [
      'http://codex.example.org',
      'https://localhost:9100',
      'https://10.0.0.1',
      'https://[::1]',
    ])
      expect(githubManifest({ ...wanted, publicUrl })).not.toHaveProperty('hook_attributes');
    const reached = githubManifest({ ...wanted, publicUrl: 'https://codex.example.org' });
    expect(reached).toMatchObject({ name: 'x'.repeat(34), hook_attributes: { active: true } });
  });

  it('is walked once, in time, by the person who began it, in the same organisation', async () => {
    const given = await postManifest((await begin()).body);
    const elsewhere = await createPerson(backend, await createTenant(backend, 'Elsewhere'), 'owner');
    const gone = { status: 410, body: { code: 'link_invalid' } };
    expect(JSON.stringify(await sql('SELECT * FROM verifications'))).not.toContain(given.state);
    expect(await convert(given, admin.key)).toMatchObject(gone);
    expect(await convert(given, elsewhere.key)).toMatchObject(gone);
    expect(await convert({ ...given, state: `${given.state}x` })).toMatchObject(gone);
    expect(github.calls).toEqual([]);
    const both = await Promise.all([convert(given), convert(given)]);
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 410]);
    expect(await convert(given)).toMatchObject(gone);

    await sql('DELETE FROM connected_forges');
    const late = await postManifest((await begin()).body);
    await sql(`UPDATE verifications SET expires_at = now() - interval '1 s'`);
    expect(await convert(late)).toMatchObject(gone);
    // GitHub knows no such code: nothing is connected, and the state is used up.
    const { state } = await postManifest((await begin()).body);
    const wrong = { code: 'none', state };
    expect(await convert(wrong)).toMatchObject({ status: 422, body: { code: 'forge_refused' } });
    expect(await convert(wrong)).toMatchObject(gone);
    expect((await call<ForgePage>('GET', '/api/forges')).body.items).toEqual([]);
  });
});

describe('an App', () => {
  it('is tested: where it is installed, what was not accepted, what is suspended', async () => {
    const { forge, app } = await connected();
    const nowhere = await test(forge);
    expect(nowhere).toMatchObject({ works: true, login: `${app.slug}[bot]` });
    expect(right(nowhere, 'read_repositories')?.detail).toContain('/installations/new');

    const installation = installApp(app, 'acme', [NAME], {
      contents: 'read',
      metadata: 'read',
      checks: 'read',
    });
    const less = await test(forge);
    expect(right(less, 'read_repositories')).toMatchObject({
      state: 'works',
      detail: expect.stringContaining('acme (chosen repositories)'),
    });
    expect(right(less, 'push')).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining(
        `“Contents: write” at ${github.url}/organizations/acme/settings/installations`,
      ),
    });
    expect(right(less, 'checks')?.detail).toContain('“Commit statuses: write”');

    Object.assign(installation, { permissions: app.permissions });
    const all = await test(forge);
    expect(all.rights.map(({ state }) => state)).toEqual(['works', 'works', 'works', 'works', 'works']);
    installation.suspended = true;
    expect(right(await test(forge), 'read_repositories')).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining('suspended for acme'),
    });
    app.deleted = true;
    expect(await test(forge)).toMatchObject({
      works: false,
      detail: expect.stringContaining('Remove it under Settings → Forges, then create another one.'),
    });
    const { items } = (await call<ForgePage>('GET', '/api/forges')).body;
    expect(items).toMatchObject([{ refused_at: expect.any(String) }]);
  });

  it('finds the repositories that it is installed for, those pushed to last first', async () => {
    const { app } = await connected();
    expect(await find()).toEqual({ items: [], failed: [] });
    const many = Array.from({ length: 130 }, (_, n) => `acme/many-${n}`);
    for (const name of many) addGithubRepository(github, name, { pushedAt: '2026-01-01T00:00:00Z' });
    installApp(app, 'acme', [...many, NAME]);
    const suspended = installApp(app, 'globex', ['globex/app']);
    suspended.suspended = true;
    expect((await find()).items[0]).toMatchObject({ name: NAME, private: true, may_push: true });
    expect((await find('many-129')).items.map(({ name }) => name)).toEqual(['acme/many-129']);
    expect((await find('other')).items).toEqual([]);
    expect(app.minted.every(({ permissions }) => Object.keys(permissions).join() === 'metadata')).toBe(true);
    for (const name of many) github.repositories.delete(name);
  });

  it('takes a private repository to a pull request, with a token for each step and no other repository', async () => {
    const { forge, app } = await connected();
    installApp(app, 'acme', [NAME, 'acme/other']);
    const commands = join(git.path(NAME), 'commands');
    const hook = `#!/bin/sh\nfor one in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $one 2>/dev/null; done > ${commands}\n`;
    await writeFile(join(git.path(NAME), 'hooks', 'pre-receive'), hook, { mode: 0o755 });
    const session = await open();
    expect(session).toMatchObject({ status: 'ready' });
    expect(app.minted).toMatchObject([{ repositories: [NAME], permissions: { contents: 'read' } }]);
    const shipped = await ship(session);
    expect(shipped).toMatchObject({ status: 'pushed', failure: null });
    expect(app.minted.at(-1)).toMatchObject({ repositories: [NAME], permissions: { contents: 'write' } });

    const there = github.repositories.get(NAME);
    if (there) there.branches[shipped.branch] = shipped.oid;
    pullRequests.checks.set(shipped.oid, [{ name: 'test', conclusion: 'success' }]);
    const at = `/api/sessions/${session.session_id}/pull-request`;
    await call('POST', at, { title: 'Add a rose', labels: ['codex'], reviewers: ['hubot'] });
    const ready = await waitFor(async () => {
      const { body } = await call<PullRequest>('GET', at);
      return body.failure !== null || (body.status === 'ready' && body.read_at !== null) ? body : null;
    });
    expect(ready).toMatchObject({
      failure: null,
      state: 'draft',
      checks: [{ name: 'test', state: 'passed' }],
    });
    expect(pullRequests.all).toMatchObject([
      { head: shipped.branch, labels: ['codex'], reviewers: ['hubot'] },
    ]);
    const used = new Set(app.minted.map(({ permissions }) => JSON.stringify(permissions)));
    expect([...used].toSorted()).toEqual([
      '{"checks":"read"}',
      '{"contents":"read"}',
      '{"contents":"write"}',
      '{"pull_requests":"read"}',
      '{"pull_requests":"write"}',
      '{"statuses":"read"}',
    ]);
    expect(app.minted.every(({ repositories }) => repositories.join() === NAME)).toBe(true);

    // What GitHub makes of a token elsewhere.
    for (const { token } of app.minted) {
      const headers = { authorization: `token ${token}`, 'user-agent': 'spec' };
      expect((await fetch(`${github.url}/api/v3/repos/acme/other/pulls`, { headers })).status).toBe(403);
      const basic = `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
      const refs = `${github.url}/acme/other.git/info/refs?service=git-upload-pack`;
      expect((await fetch(refs, { headers: { authorization: basic } })).status).toBe(401);
    }

    // GitHub signs its reports with the secret that came with the key.
    const report = JSON.stringify({
      repository: { full_name: NAME },
      pull_request: { number: ready.number },
    });
    const reported = (secret: string) =>
      backend.fetch(`/api/webhooks/${forge.forge_id}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(report).digest('hex')}`,
        },
        body: report,
      });
    expect((await reported(app.webhookSecret ?? '')).status).toBe(204);
    expect((await reported(app.pem)).status).toBe(401);
    await (
      await backend.app.get(PullRequestReconciler, { strict: false }).scanNow()
    ).settled;

    const secrets = Object.fromEntries([
      ['pem', patternOf(app.pem.split('\n')[3] ?? '')],
      ['webhook secret', patternOf(app.webhookSecret ?? '')],
      ['client secret', patternOf(app.clientSecret)],
      ...app.jwts.map((jwt, n) => [`jwt ${n}`, patternOf(jwt.split('.')[2] ?? '')] as const),
      ...app.minted.map(({ token }, n) => [`token ${n}`, patternOf(token)] as const),
    ]);
    const places = [
      ...(await filesBelow(root)),
      ...(await tables()),
      ...(await inRedis()),
      { name: 'logs', content: logged.join('') },
      { name: 'commands', content: await readFile(commands, 'utf8') },
      { name: 'answers', content: JSON.stringify([session, ready, await test(forge), await find()]) },
      { name: 'calls', content: github.calls.join() },
    ];
    expect(places.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        expect.stringContaining(root),
        'table secrets',
        expect.stringMatching(/^redis /),
      ]),
    );
    expect(logged.join('')).toContain('/api/forges/github-apps/conversions');
    expect(await readFile(commands, 'utf8')).toContain('git');
    expect(Object.values(search(places, secrets)).flat()).toEqual([]);
    const canary = [{ name: 'canary', content: `${app.pem} ${app.minted.map(({ token }) => token).join()}` }];
    expect(search(canary, secrets)).toMatchObject({ pem: ['canary'], 'token 0': ['canary'] });
  });

  it('that is not installed, suspended or without a right says what to do, and the session keeps its state', async () => {
    const { app } = await connected();
    const { failure } = await open();
    expect(failure).toMatchObject({
      code: 'clone_auth_failed',
      detail: expect.stringContaining('is not installed for acme/app'),
    });
    expect(failure?.detail).toContain(`${github.url}/apps/${app.slug}/installations/new`);

    const installation = installApp(app, 'acme', [NAME]);
    const session = await open();
    expect(session).toMatchObject({ status: 'ready' });
    const again = async () => {
      const { status } = (await call<Session>('GET', `/api/sessions/${session.session_id}`)).body;
      return [await ship(session), status] as const;
    };
    installation.permissions = { ...app.permissions, contents: 'read' };
    expect(await again()).toMatchObject([
      {
        status: 'failed',
        failure: {
          code: 'push_auth_failed',
          detail: expect.stringContaining('lacks “Contents: write” for acme'),
        },
      },
      'ready',
    ]);
    installation.permissions = app.permissions;
    installation.suspended = true;
    const [refused] = await again();
    expect(refused.failure?.detail).toContain('is suspended for acme. An owner of acme can lift that at');
    expect((await call<ForgePage>('GET', '/api/forges')).body.items).toMatchObject([{ refused_at: null }]);
    app.installations.length = 0;
    expect((await again())[0].failure?.detail).toContain('is not installed');
    app.deleted = true;
    expect((await again())[0].failure?.detail).toContain('does not take the key');

    // All that was committed is still there.
    delete app.deleted;
    installation.suspended = false;
    app.installations.push(installation);
    expect(await push(session.session_id, refused.commit_id)).toMatchObject({ status: 'pushed' });
  });
});

async function filesBelow(folder: string): Promise<{ name: string; content: string | Buffer }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((one) => one.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(paths.map(async (name) => ({ name, content: await readFile(name).catch(() => '') })));
}

async function tables() {
  const all = await sql<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()',
  );
  const read = async ({ name }: { name: string }) => JSON.stringify(await sql(`SELECT * FROM "${name}"`));
  return Promise.all(all.map(async (one) => ({ name: `table ${one.name}`, content: await read(one) })));
}

async function inRedis() {
  const redis = connectRedis(backend.config.REDIS_URL);
  try {
    const keys = await redis.keys('*');
    return await Promise.all(
      keys.map(async (key) => ({ name: `redis ${key}`, content: (await redis.dumpBuffer(key)) ?? '' })),
    );
  } finally {
    redis.disconnect();
  }
}
