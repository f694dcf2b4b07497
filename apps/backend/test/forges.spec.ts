import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Forge,
  ForgePage,
  ForgeTest,
  RepositoryRefs,
  RepositorySearch,
} from '@saas-codex/contracts/forges';
import type { Me } from '@saas-codex/contracts/identity';
import type { Problem } from '@saas-codex/contracts/problems';
import type { Session } from '@saas-codex/contracts/sessions';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, createServiceAccount, type TestPerson } from '@saas-codex/testing/backend/people';
import { startSilentRunner } from '@saas-codex/testing/backend/silent-runner';
import { type BitbucketWorld, startBitbucket } from '@saas-codex/testing/forges/bitbucket';
import { type GiteaWorld, startGitea } from '@saas-codex/testing/forges/gitea';
import { startGitlab } from '@saas-codex/testing/forges/gitlab';
import type { GitlabWorld } from '@saas-codex/testing/forges/gitlab-world';
import { startGithub } from '@saas-codex/testing/forges/github';
import { addGithubRepository } from '@saas-codex/testing/forges/github-repositories';
import type { GithubWorld } from '@saas-codex/testing/forges/github-world';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { patternOf, search } from '@saas-codex/testing/secret-search';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';
import { Forges } from '../src/forges/forges.js';
import type { ForgeError } from '../src/forges/port/forge-error.js';

/* Connected forges, as people and programs use them. GitHub is stood in for by a server that knows its published description. */

let git: GitServer;
let github: GithubWorld;
let gitea: GiteaWorld;
let gitlab: GitlabWorld;
let bitbucket: BitbucketWorld;
/** What a proxy that wants a person to sign in answers to everything. */
let page: { url: string; host: string; stop(): void };
let runner: Awaited<ReturnType<typeof startSilentRunner>>;
let backend: TestBackend;
let root: string;
let tenantId: string;
let member: TestPerson;
let colleague: TestPerson;
let token: string;

type Headers = Record<string, string>;
/** The backend's own fetch calls as the owner of the organisation. */
const owner: Headers = {};
const newToken = () => `ghp_${randomBytes(20).toString('hex')}`;
const repoUrl = () => `${github.url}/acme/app.git`;

beforeAll(async () => {
  [git, runner, root] = await Promise.all([
    startGitServer(),
    startSilentRunner(),
    mkdtemp(join(tmpdir(), 'saas-codex-forges-')),
  ]);
  [github, gitea, gitlab, bitbucket] = await Promise.all([
    startGithub({ git }),
    startGitea(),
    startGitlab(),
    startBitbucket(),
  ]);
  page = await startPage();
  backend = await startBackend({
    RUNNER_URL: runner.url,
    WORKSPACES_ROOT: root,
    GIT_TRUSTED_HOSTS: [github, gitea, gitlab, bitbucket, page].map(({ host }) => host).join(),
  });
  tenantId = (await call<Me>('GET', '/api/me', undefined, owner)).body.tenant.tenant_id;
  member = await createPerson(backend, tenantId, 'member');
  colleague = await createPerson(backend, tenantId, 'member');
  token = newToken();
  await git.createRepository('acme/app', { 'README.md': '# Private\n' });
  await git.commit('acme/app', { 'new.md': 'new\n' }, 'feature');
  git.protect('acme/app', { username: 'x-access-token', password: token });
});

beforeEach(() => {
  github.tokens.clear();
  github.repositories.clear();
  github.calls.length = 0;
  github.fault = () => null;
  github.tokens.set(token, { login: 'ada', scopes: ['repo'] });
  addGithubRepository(github, 'acme/app', { description: 'The shop', rights: { ada: 'push' } });
});
afterEach(async () => {
  await sql('DELETE FROM connected_forges');
  expect(github.wrong).toEqual([]);
});
afterAll(async () => {
  await backend.stop();
  runner.stop();
  const servers = [git, github, gitea, gitlab, bitbucket, page].map((server) => server.stop());
  await Promise.all([...servers, rm(root, { recursive: true, force: true })]);
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
  return { status: answer.status, text, body: (text === '' ? {} : JSON.parse(text)) as T & Problem };
}

const connect = (body: object = {}, headers: Headers = member.key) =>
  call<Forge>('POST', '/api/forges', { kind: 'github', url: github.url, token, ...body }, headers);
const list = async (headers: Headers = member.key) =>
  (await call<ForgePage>('GET', '/api/forges', undefined, headers)).body.items;
const test = async ({ forge_id }: Forge) =>
  (await call<ForgeTest>('POST', `/api/forges/${forge_id}/test`)).body;
const find = async (query: string, headers: Headers = member.key) =>
  (await call<RepositorySearch>('GET', `/api/repositories?query=${query}`, undefined, headers)).body;
const refs = (url = repoUrl(), headers: Headers = member.key) =>
  call<RepositoryRefs>(
    'GET',
    `/api/repositories/refs?repo_url=${encodeURIComponent(url)}`,
    undefined,
    headers,
  );

/** Opens a session and waits until it is set up or has failed. */
async function open(headers: Headers = member.key): Promise<Session> {
  const later = { ...headers, prefer: 'respond-async' };
  const { body } = await call<Session>('POST', '/api/sessions', { repo_url: repoUrl() }, later);
  return waitFor(async () => {
    const session = (await call<Session>('GET', `/api/sessions/${body.session_id}`, undefined, headers)).body;
    return session.status === 'provisioning' ? null : session;
  });
}

describe('a connected forge', () => {
  it('is tested: whose token it is, what works, what is missing, and when it ends', async () => {
    const { status, body: forge } = await connect();
    expect(status).toBe(201);
    expect(forge).toMatchObject({ kind: 'github', owner: 'person', host: github.host, login: null });
    const tested = await test(forge);
    expect(tested).toMatchObject({ works: true, login: 'ada', expires_at: null });
    expect(tested.rights.every(({ state }) => state === 'works')).toBe(true);
    expect(await list()).toMatchObject([
      { login: 'ada', last_used_at: expect.any(String), refused_at: null },
    ]);

    github.tokens.set(token, { login: 'ada', scopes: ['read:org'] });
    const { rights, detail } = await test(forge);
    expect(detail).toContain('lacks rights');
    const push = rights.find(({ right }) => right === 'push');
    expect(push).toMatchObject({ state: 'missing', detail: expect.stringContaining('needs the scope repo') });

    // A fine-grained token: GitHub does not say what it may do.
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    const expires = `${inAnHour.slice(0, 10)} ${inAnHour.slice(11, 19)} UTC`;
    github.tokens.set(token, { login: 'ada', scopes: null, expires });
    const fine = await test(forge);
    expect(fine).toMatchObject({ expires_at: `${inAnHour.slice(0, 19)}.000Z` });
    expect(fine.detail).toContain('It ends in 0 days');
    expect(fine.rights.find(({ right }) => right === 'push')).toMatchObject({
      state: 'unknown',
      detail: expect.stringContaining('“Contents: write”'),
    });
  });

  it('says that its token was refused and where to mend it, and works with the next one', async () => {
    const { body: forge } = await connect({ token: newToken() });
    expect(await test(forge)).toMatchObject({
      works: false,
      detail: expect.stringContaining('Replace it under Settings → Forges'),
    });
    expect(await list()).toMatchObject([{ refused_at: expect.any(String) }]);
    const replaced = await call<Forge>('PATCH', `/api/forges/${forge.forge_id}`, { token });
    expect(replaced).toMatchObject({ status: 200, body: { refused_at: null, login: null } });
    expect(await test(forge)).toMatchObject({ works: true });
  });

  it('is asked again when it allows it, and never at another address', async () => {
    const { body: forge } = await connect();
    const reset = Math.ceil(Date.now() / 1_000) + 600;
    const limited = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) };
    github.fault = () => ({ status: 403, body: { message: 'API rate limit exceeded' }, headers: limited });
    const retry_at = new Date(reset * 1_000).toISOString();
    expect(await test(forge)).toMatchObject({ works: false, retry_at });
    expect(await find('')).toMatchObject({ items: [], failed: [{ host: github.host, retry_at }] });
    expect(await list()).toMatchObject([{ refused_at: null }]);

    github.fault = () => ({ status: 502, body: {} });
    expect(await test(forge)).toMatchObject({ works: false, detail: expect.stringContaining('status 502') });
    github.fault = () => 'lost';
    expect(await test(forge)).toMatchObject({
      works: false,
      detail: expect.stringContaining('cannot be reached'),
    });
    github.fault = () => ({ status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data' } });
    expect(await test(forge)).toMatchObject({ works: false, detail: expect.stringContaining('169.254') });
  });

  it('is not asked at once when the time that it names is over, or is none', async () => {
    const { body: forge } = await connect();
    const past = String(Math.floor(Date.now() / 1_000) - 600);
    const limits: Record<string, string>[] = [
      { 'retry-after': '0' },
      { 'retry-after': '1e99' },
      { 'retry-after': 'Mon, 30 Nov 2020 10:00:00 GMT' },
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': past },
      { 'ratelimit-remaining': '0', 'ratelimit-reset': '0' },
    ];
    for (const headers of limits) {
      github.fault = () => ({ status: 403, body: { message: 'Slow down' }, headers });
      const tested = await test(forge);
      expect(tested).toMatchObject({ retry_at: null, detail: expect.stringContaining('limits requests') });
    }
    // As the draft of the standard has it: in seconds from now.
    const headers = { 'ratelimit-remaining': '0', 'ratelimit-reset': '600' };
    github.fault = () => ({ status: 429, body: { message: 'Slow down' }, headers });
    const before = Date.now();
    expect(Date.parse((await test(forge)).retry_at ?? '')).toBeGreaterThanOrEqual(before + 600_000);
  });

  it.each(['github', 'gitlab', 'gitea', 'bitbucket'])(
    'of kind %s that answers with a page does not work, and others are still searched',
    async (kind) => {
      const workspace = kind === 'bitbucket' ? 'acme' : undefined;
      const { body: forge } = await connect({ kind, url: page.url, workspace });
      const { works, detail } = await test(forge);
      expect([works, detail]).toEqual([false, expect.stringContaining(page.host)]);
      await connect();
      const found = await find('app');
      expect(found).toMatchObject({ items: [{ name: 'acme/app' }], failed: [{ host: page.host }] });
    },
  );

  it('that lists no repositories, but a page, does not work', async () => {
    const { body: forge } = await connect();
    const html = { body: '<html>', headers: { 'content-type': 'text/html' } };
    for (const answer of [html, { body: {} }]) {
      github.fault = ({ path }) => (path === '/user/repos' ? html : null);
      expect(await test(forge)).toMatchObject({ works: false });
      github.fault = ({ path }) => (path === '/user' ? answer : null);
      expect(await test(forge)).toMatchObject({ works: false });
    }
  });

  it('is the one of github.com for ssh at the port of https, too', async () => {
    await connect({ url: 'https://github.com' });
    const at = (url: string) => backend.app.get(Forges).forRepository({ tenantId }, member.userId, url);
    const found = await at('ssh://git@ssh.github.com:443/acme/app.git');
    expect([found?.forge.url, found?.repository.path]).toEqual(['https://github.com', 'acme/app']);
    expect(await at('ssh://git@altssh.gitlab.com:443/acme/app.git')).toBeNull();
  });

  it.each([
    ['http://git.example.org', 'only for hosts that the operator trusts'],
    ['http://127.0.0.1:1', 'only for hosts that the operator trusts'],
  ])('is at an address that is allowed, not %s', async (url, detail) => {
    expect(await connect({ url })).toMatchObject({
      status: 400,
      body: { code: 'forge_url_refused', detail: expect.stringContaining(detail) },
    });
  });

  it('is not reached in a private network that the operator does not trust', async () => {
    const { body: forge } = await connect({ url: 'https://10.0.0.1' });
    expect(await test(forge)).toMatchObject({
      works: false,
      detail: expect.stringContaining('private or reserved network'),
    });
  });

  it('belongs to its person, or to the organisation, whose admins change it', async () => {
    expect(await connect({ owner: 'organisation' })).toMatchObject({ status: 403 });
    const ofAll = (await connect({ owner: 'organisation' }, owner)).body;
    const own = (await connect()).body;
    expect(await connect()).toMatchObject({ status: 409, body: { code: 'forge_exists' } });
    expect(await list(colleague.key)).toMatchObject([{ forge_id: ofAll.forge_id }]);
    for (const [method, path, body] of [
      ['PATCH', '', { token }],
      ['DELETE', ''],
      ['POST', '/test'],
    ] as [string, string, object?][])
      expect(await call(method, `/api/forges/${own.forge_id}${path}`, body, colleague.key)).toMatchObject({
        status: 404,
        body: { code: 'forge_not_found' },
      });
    expect(await call('DELETE', `/api/forges/${ofAll.forge_id}`)).toMatchObject({ status: 403 });
    expect(await call('DELETE', `/api/forges/${own.forge_id}`)).toMatchObject({ status: 204 });
    const program = await createServiceAccount(backend, tenantId, 'member');
    expect(await connect({}, program.key)).toMatchObject({ status: 403, body: { code: 'person_required' } });
  });
});

describe('repositories', () => {
  it('are found at the forge: what the person sees, those changed last first', async () => {
    addGithubRepository(github, 'acme/site', { private: false, rights: { ada: 'pull' } });
    addGithubRepository(github, 'acme/hidden', { rights: { bob: 'admin' } });
    expect(await find('')).toEqual({ items: [], failed: [] });
    await connect();
    expect((await find('')).items).toMatchObject([
      { name: 'acme/app', description: 'The shop', private: true, may_push: true, repo_url: repoUrl() },
      { name: 'acme/site', private: false, may_push: false, default_branch: 'main' },
    ]);
    expect((await find('sit')).items.map(({ name }) => name)).toEqual(['acme/site']);
    expect((await find('hidden')).items).toEqual([]);

    // Of more than one page GitHub searches itself.
    for (let n = 0; n < 100; n++) addGithubRepository(github, `acme/many-${n}`, { rights: { ada: 'pull' } });
    addGithubRepository(github, 'acme/last-one', { rights: { ada: 'pull' } });
    expect((await find('last-one')).items.map(({ name }) => name)).toEqual(['acme/last-one']);
    expect((await find('many')).items).toHaveLength(20);
  });

  it('are looked at with the person’s own connection before the organisation’s', async () => {
    const shared = newToken();
    github.tokens.set(shared, { login: 'robot', scopes: ['repo'] });
    addGithubRepository(github, 'acme/robots', { rights: { robot: 'push' } });
    await connect({ owner: 'organisation', token: shared }, owner);
    expect((await find('', colleague.key)).items.map(({ name }) => name)).toEqual(['acme/robots']);
    await connect();
    expect((await find('')).items.map(({ name }) => name)).toEqual(['acme/app']);
    const { forge } =
      (await backend.app.get(Forges).forRepository({ tenantId }, member.userId, repoUrl())) ?? {};
    expect(await forge?.identity()).toMatchObject({ login: 'ada' });
  });

  it('have branches and tags, read by git with the connection’s token', async () => {
    expect(await refs()).toMatchObject({ status: 422, body: { code: 'clone_auth_failed' } });
    await connect();
    expect((await refs()).body).toEqual({
      default_branch: 'main',
      branches: ['feature', 'main'],
      tags: [],
      is_complete: true,
    });
    expect(await refs(repoUrl(), colleague.key)).toMatchObject({ status: 422 });
    expect(await refs('https://user:word@example.org/x')).toMatchObject({
      status: 400,
      body: { code: 'repo_url_credentials' },
    });
  });

  it('have rights, branches and protection at the forge, for those who push', async () => {
    const commit = 'a'.repeat(40);
    const branches = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`b/${n}`, commit]));
    addGithubRepository(github, 'acme/app', {
      rights: { ada: 'push' },
      branches: { main: commit, ...branches },
      protectedBranches: ['main'],
      tags: { v1: commit },
    });
    await connect();
    const forges = backend.app.get(Forges);
    expect(await forges.forRepository({ tenantId }, colleague.userId, repoUrl())).toBeNull();
    const found = await forges.forRepository({ tenantId }, member.userId, 'git@127.0.0.1:acme/app.git');
    if (!found) throw new Error('The connection was not found.');
    const { forge, repository } = found;
    expect(repository).toEqual({ path: 'acme/app' });
    expect(await forge.repositories.get(repository)).toMatchObject({
      defaultBranch: 'main',
      rights: { pull: true, push: true, admin: false },
    });
    expect(await forge.repositories.branch(repository, 'main')).toEqual({
      name: 'main',
      commit,
      isProtected: true,
    });
    expect(await forge.repositories.branch(repository, 'b/1')).toMatchObject({ isProtected: false });
    expect(await forge.repositories.branch(repository, 'none')).toBeNull();
    const all = await forge.repositories.branches(repository);
    expect([all.items.length, all.isComplete]).toEqual([151, true]);
    expect(await forge.repositories.tags(repository)).toMatchObject({ items: [{ name: 'v1', commit }] });
    const missing = forge.repositories.get({ path: 'acme/none' });
    await expect(missing).rejects.toMatchObject({ reason: 'not_found' } satisfies Partial<ForgeError>);
  });
});

describe('Gitea', () => {
  it('is searched, looked at and tested like GitHub, and says which right a token lacks', async () => {
    const commit = 'b'.repeat(40);
    const secret = newToken();
    const branches = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`b/${n}`, { commit }]));
    gitea.tokens.set(secret, { login: 'ada', scopes: ['read:repository'] });
    gitea.repositories.set('acme/tool', {
      private: true,
      branches: { main: { commit, protected: true }, ...branches },
      tags: { v1: commit },
      rights: { ada: 'write' },
    });
    gitea.repositories.set('acme/open', { private: false, empty: true, branches: {}, rights: {} });
    gitea.repositories.set('acme/hidden', { private: true, branches: {}, rights: {} });

    const { body } = await connect({ kind: 'gitea', url: `${gitea.url}/`, token: secret });
    expect(await test(body)).toMatchObject({ works: false, detail: expect.stringContaining('read:user') });
    gitea.tokens.set(secret, { login: 'ada', scopes: ['read:repository', 'read:user'] });
    expect(await test(body)).toMatchObject({ works: true, login: 'ada' });
    const repo_url = `${gitea.url}/acme/tool.git`;
    expect((await find('')).items).toMatchObject([{ name: 'acme/tool', repo_url, may_push: true }]);
    expect((await find('open')).items).toMatchObject([{ name: 'acme/open', default_branch: null }]);
    expect((await find('hidden')).items).toEqual([]);

    const found = await backend.app.get(Forges).forRepository({ tenantId }, member.userId, repo_url);
    if (!found) throw new Error('The connection was not found.');
    const { repositories } = found.forge;
    expect(await repositories.get(found.repository)).toMatchObject({
      isPrivate: true,
      defaultBranch: 'main',
    });
    expect(await repositories.branch(found.repository, 'main')).toMatchObject({ commit, isProtected: true });
    expect(await repositories.branch(found.repository, 'b/7')).toMatchObject({ isProtected: false });
    expect(await repositories.branch(found.repository, 'none')).toBeNull();
    expect((await repositories.branches(found.repository)).items).toHaveLength(61);
    expect((await repositories.tags(found.repository)).items).toEqual([{ name: 'v1', commit }]);
    gitea.tokens.clear();
    expect(await find('')).toMatchObject({ items: [], failed: [{ host: gitea.host }] });
    expect(gitea.wrong).toEqual([]);
  });
});

describe('GitLab', () => {
  const commit = 'c'.repeat(40);
  const secret = `glpat-${randomBytes(10).toString('hex')}`;
  const rightsOf = ({ rights }: ForgeTest) =>
    Object.fromEntries(rights.map(({ right, state }) => [right, state]));
  afterEach(() => expect(gitlab.wrong).toEqual([]));

  it('says what a token is good for, and when it ends', async () => {
    const inAWeek = new Date(Date.now() + 7 * 24 * 3_600_000).toISOString().slice(0, 10);
    gitlab.tokens.set(secret, { login: 'ada', scopes: ['api'], expiresAt: inAWeek });
    const { body } = await connect({ kind: 'gitlab', url: gitlab.url, token: secret });
    const tested = await test(body);
    expect(tested).toMatchObject({ works: true, login: 'ada', expires_at: `${inAWeek}T00:00:00.000Z` });
    expect(tested.detail).toContain('It ends in 6 days');
    expect(tested.rights.every(({ state }) => state === 'works')).toBe(true);

    gitlab.tokens.set(secret, { login: 'ada', scopes: ['read_api', 'write_repository'] });
    const less = await test(body);
    const some = { read_repositories: 'works', push: 'works', pull_requests: 'missing', checks: 'missing' };
    expect(rightsOf(less)).toEqual({ identity: 'works', ...some });
    expect(less.rights[3]?.detail).toContain('needs the scope api');

    gitlab.tokens.set(secret, { login: 'ada', scopes: null });
    expect(rightsOf(await test(body))).toMatchObject({ identity: 'works', push: 'unknown' });
    gitlab.tokens.set(secret, { login: 'ada', scopes: ['write_repository'] });
    expect(await test(body)).toMatchObject({
      works: false,
      detail: expect.stringContaining('needs the scope api or read_api or read_user'),
    });
    gitlab.tokens.clear();
    expect(await test(body)).toMatchObject({ works: false, detail: expect.stringContaining('Replace it') });
    expect(await list()).toMatchObject([{ refused_at: expect.any(String) }]);
  });

  it('has its repositories in groups of groups, those changed last first', async () => {
    gitlab.tokens.set(secret, { login: 'ada', scopes: ['api'] });
    const branches = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`b/${n}`, { commit }]));
    const closed = { private: true, branches: {} };
    gitlab.repositories.set('acme/tools/deep/app', {
      private: true,
      branches: { main: { commit, protected: true }, ...branches },
      tags: { v1: commit },
      rights: { ada: 30 },
    });
    gitlab.repositories.set('acme/hidden', { ...closed, rights: { bob: 50 } });
    gitlab.repositories.set('acme/read', { ...closed, empty: true, rights: { ada: 20 } });
    await connect({ kind: 'gitlab', url: gitlab.url, token: secret });
    const repo_url = `${gitlab.url}/acme/tools/deep/app.git`;
    expect((await find('')).items).toMatchObject([
      { name: 'acme/read', default_branch: null, may_push: false },
      { name: 'acme/tools/deep/app', repo_url, private: true, default_branch: 'main', may_push: true },
    ]);
    expect((await find('tools')).items.map(({ name }) => name)).toEqual(['acme/tools/deep/app']);
    expect((await find('hidden')).items).toEqual([]);

    const found = await backend.app.get(Forges).forRepository({ tenantId }, member.userId, repo_url);
    if (!found) throw new Error('The connection was not found.');
    const { repositories } = found.forge;
    expect(await repositories.get(found.repository)).toMatchObject({
      isPrivate: true,
      rights: { pull: true, push: true, admin: false },
    });
    expect(await repositories.branch(found.repository, 'main')).toMatchObject({ commit, isProtected: true });
    expect(await repositories.branch(found.repository, 'b/7')).toMatchObject({ isProtected: false });
    expect(await repositories.branch(found.repository, 'none')).toBeNull();
    expect((await repositories.branches(found.repository)).items).toHaveLength(121);
    expect((await repositories.tags(found.repository)).items).toEqual([{ name: 'v1', commit }]);
    await expect(repositories.get({ path: 'acme/hidden' })).rejects.toMatchObject({ reason: 'not_found' });
  });
});

describe('Bitbucket', () => {
  it('is connected once for each workspace, whose repositories its token finds', async () => {
    const commit = 'b'.repeat(40);
    const [secret, other] = [newToken(), newToken()];
    const scopes = ['repository:write', 'pullrequest'];
    bitbucket.tokens.set(secret, { workspace: 'acme', scopes });
    bitbucket.tokens.set(other, { workspace: 'globex', scopes });
    const more = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`b/${n}`, commit]));
    const branches = { main: commit, ...more };
    const add = (path: string, updatedAt: string) =>
      bitbucket.repositories.set(path, { name: `The ${path}`, private: true, branches, updatedAt });
    for (let n = 0; n < 100; n++) add(`acme/r${n}`, `2026-11-${10 + (n % 10)}`);
    add('acme/tool', '2026-11-20');
    add('acme/old', '2019-01-01');
    add('globex/app', '2026-11-20');
    bitbucket.repositories.set('acme/empty', { name: 'Nothing', private: false, branches: {} });

    const at = { kind: 'bitbucket', url: bitbucket.url };
    for (const wrong of [{ token: secret }, { workspace: 'acme/tool', token: secret }])
      expect((await connect({ ...at, ...wrong })).body).toMatchObject({ code: 'invalid_request' });
    expect((await connect({ workspace: 'acme' })).body).toMatchObject({ code: 'invalid_request' });
    const { body: acme } = await connect({ ...at, workspace: 'Acme', token: secret });
    expect(acme).toMatchObject({ workspace: 'acme', host: bitbucket.host });
    const again = await connect({ ...at, workspace: 'acme', token: other });
    expect(again.body).toMatchObject({ code: 'forge_exists' });
    const { body: globex } = await connect({ ...at, workspace: 'globex', token: other });

    const tested = await test(acme);
    expect(tested).toMatchObject({ works: true, login: 'acme' });
    expect(tested.rights.map(({ right, state }) => `${right} ${state}`)).toEqual([
      'identity works',
      'read_repositories works',
      'push works',
      'pull_requests missing',
      'checks works',
    ]);
    const found = (await find('')).items;
    expect(found.find(({ name }) => name === 'globex/app')?.forge_id).toBe(globex.forge_id);
    const repo_url = `${bitbucket.url}/acme/tool.git`;
    expect(found.find(({ name }) => name === 'acme/tool')).toMatchObject({ repo_url, may_push: null });
    expect((await find('old')).items).toMatchObject([{ name: 'acme/old', forge_id: acme.forge_id }]);
    expect((await find('nothing')).items).toMatchObject([{ name: 'acme/empty', default_branch: null }]);

    const forRepository = (address: string) =>
      backend.app.get(Forges).forRepository({ tenantId }, member.userId, address);
    expect(await forRepository(`${bitbucket.url}/initech/app.git`)).toBeNull();
    expect((await forRepository(`${bitbucket.url}/Globex/app`))?.connection.id).toBe(globex.forge_id);
    const access = await forRepository(repo_url);
    if (!access) throw new Error('The connection was not found.');
    const { repositories } = access.forge;
    expect(await repositories.get(access.repository)).toMatchObject({ isPrivate: true, cloneUrl: repo_url });
    expect(await repositories.branch(access.repository, 'b/7')).toMatchObject({ commit });
    expect(await repositories.branch(access.repository, 'none')).toBeNull();
    expect((await repositories.branches(access.repository)).items).toHaveLength(121);
    expect((await repositories.tags(access.repository)).items).toEqual([]);
    bitbucket.tokens.set(secret, { workspace: 'globex', scopes });
    expect(await test(acme)).toMatchObject({ works: false, detail: expect.stringContaining('“acme”') });
    bitbucket.tokens.delete(secret);
    expect(await test(acme)).toMatchObject({ works: false, detail: expect.stringContaining('revoked') });
    expect(bitbucket.wrong).toEqual([]);
  });
});

describe('a session', () => {
  it('opens a private repository with the connection alone, which is only its person’s', async () => {
    expect((await open()).failure).toMatchObject({ code: 'clone_auth_failed' });
    await connect();
    const [own, others] = await Promise.all([open(), open(colleague.key)]);
    expect(own).toMatchObject({ status: 'ready' });
    expect(others.failure).toMatchObject({ code: 'clone_auth_failed' });
  });

  it('uses a credential before the connection, and says which of both was refused', async () => {
    const { body: forge } = await connect();
    const wrong = { host: github.host, token: newToken() };
    const saved = await call<{ credential_id: string }>('POST', '/api/credentials', wrong);
    expect((await open()).failure?.detail).toContain(`refused the credential for ${github.host}`);
    await call('DELETE', `/api/credentials/${saved.body.credential_id}`);

    await call('PATCH', `/api/forges/${forge.forge_id}`, { token: newToken() });
    const { failure } = await open();
    expect(failure?.detail).toContain(`refused the connection for ${github.host}`);
    expect(failure?.detail).toContain('Settings → Forges');
    expect(await list()).toMatchObject([{ refused_at: expect.any(String) }]);
  });

  it('has the token nowhere: not in the workspace, the database, an answer or a process', async () => {
    const { body: forge } = await connect();
    const session = await open();
    const answers = await Promise.all([test(forge), list(), find(''), refs()]);
    const tables = await sql<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()`,
    );
    const rows = await Promise.all(
      tables.map(async ({ name }) => ({
        name,
        content: JSON.stringify(await sql(`SELECT * FROM "${name}"`)),
      })),
    );
    const places = [
      ...(await filesBelow(root)),
      ...rows,
      { name: 'answers', content: JSON.stringify([session, answers]) },
      { name: 'canary', content: Buffer.from(`x-access-token:${token}`).toString('base64') },
    ];
    expect(search(places, { token: patternOf(token) })).toEqual({ token: ['canary'] });
    expect(github.calls.join()).not.toContain(token);
  });

  it('leaves no connection of a person who has left, nor its sealed token', async () => {
    const { userId, key } = await createPerson(backend, tenantId, 'member');
    const { forge_id } = (await connect({}, key)).body;
    expect(await sql('SELECT FROM secrets WHERE id = $1', [forge_id])).toHaveLength(1);
    await call('DELETE', `/api/members/${userId}`, undefined, owner);
    expect(await sql('SELECT FROM secrets WHERE id = $1', [forge_id])).toEqual([]);
  });
});

async function startPage() {
  const server = createServer((_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `http://${host}`, host, stop: () => server.close() };
}

async function filesBelow(folder: string): Promise<{ name: string; content: string | Buffer }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((one) => one.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(paths.map(async (name) => ({ name, content: await readFile(name).catch(() => '') })));
}
