import { randomUUID } from 'node:crypto';
import type { Me } from '@saas-codex/contracts/identity';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { PullRequest } from '@saas-codex/contracts/pull-requests';
import type { Session } from '@saas-codex/contracts/sessions';
import { SystemDatabase } from '../../../../apps/backend/src/database/system-database.js';
import { ForgeStore } from '../../../../apps/backend/src/forges/forge-store.js';
import { PullRequestReconciler } from '../../../../apps/backend/src/pull-requests/pull-request-reconciler.js';
import { startGithub } from '../forges/github.js';
import { type GithubPullRequestState, githubPullRequests } from '../forges/github-pull-requests.js';
import { addGithubRepository } from '../forges/github-repositories.js';
import type { GithubWorld } from '../forges/github-world.js';
import { waitFor } from '../wait-for.js';
import { startBackend, type TestBackend } from './backend.js';

export const REPOSITORY = 'acme/app';
/** GitHub takes it from our backend. */
export const FORGE_TOKEN = 'ghp_a-token-of-the-specs-0123456789';

interface Answer<T> {
  status: number;
  body: T & { code?: ProblemCode; detail?: string };
}

/** A backend, and a GitHub whose repository has the branches that sessions have pushed. */
export class PullRequestsWorld {
  private commits = 0;
  backend: TestBackend;
  forgeId: string;
  tenantId: string;

  private constructor(
    readonly github: GithubWorld,
    readonly state: GithubPullRequestState,
  ) {}

  static async start(): Promise<PullRequestsWorld> {
    const state = githubPullRequests();
    const github = await startGithub({ endpoints: [state.endpoints] });
    github.tokens.set(FORGE_TOKEN, { login: 'octocat', scopes: ['repo'] });
    addGithubRepository(github, REPOSITORY, { rights: { octocat: 'push' } });
    const world = new PullRequestsWorld(github, state);
    world.backend = await startBackend({ GIT_TRUSTED_HOSTS: github.host });
    const me = (await (await world.backend.fetch('/api/me')).json()) as Me;
    world.tenantId = me.tenant.tenant_id;
    const { userId, name } = { userId: me.user.user_id, name: 'Owner' };
    const actor = {
      kind: 'person',
      signInId: 'x',
      role: 'owner',
      tenantDeleted: false,
      userId,
      name,
    } as const;
    const ctx = { tenantId: world.tenantId, readerId: userId, actor, requestId: 'spec' };
    const connected = { kind: 'github', url: github.url, owner: 'organisation', token: FORGE_TOKEN } as const;
    world.forgeId = (await world.part(ForgeStore).connect(ctx, connected)).forge_id;
    return world;
  }

  async stop(): Promise<void> {
    await this.backend.stop();
    await this.github.stop();
  }

  part<T>(type: abstract new (...parameters: never[]) => T): T {
    return this.backend.app.get<T>(type, { strict: false });
  }

  /** As the owner of the tables. */
  async sql(statement: string, parameters: unknown[] = []): Promise<void> {
    await this.part(SystemDatabase).pool.query(statement, parameters);
  }

  /** Ends the backend, and starts another one with what it has left. */
  async restart(): Promise<void> {
    const { config, ownerToken, close, stop } = this.backend;
    await close();
    const next = await startBackend({
      DATABASE_URL: config.DATABASE_URL,
      REDIS_URL: config.REDIS_URL,
      WORKSPACES_ROOT: config.WORKSPACES_ROOT,
      OWNER_TOKEN_FILE: config.OWNER_TOKEN_FILE,
      SECRETS_KEY_FILE: config.SECRETS_KEY_FILE,
      GIT_TRUSTED_HOSTS: this.github.host,
    });
    const stopBoth = async () => {
      await next.stop();
      await stop();
    };
    this.backend = { ...next, ownerToken, stop: stopBoth };
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const response = await this.backend.fetch(path, {
      method,
      headers: { 'content-type': 'application/json', prefer: 'respond-async' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer<T>['body'] };
  }

  /** A session that has pushed a commit to a branch of its own. @returns its id, and the branch */
  async pushed(): Promise<{ id: string; branch: string; commit: string }> {
    const { session_id: id } = (await this.call<Session>('POST', '/api/sessions', { title: 'Say hello' }))
      .body;
    const branch = `codex/${id.slice(-12)}`;
    return { id, branch, commit: await this.push(id, branch) };
  }

  async push(sessionId: string, branch: string): Promise<string> {
    const commit = (++this.commits).toString(16).padStart(40, 'a');
    const commitId = randomUUID();
    await this.sql(
      `INSERT INTO session_commits (id, tenant_id, session_id, oid, tree, mode, commits, message, left_out, created_by, author, created_at)
       VALUES ($1, $2, $3, $4, $4, 'squash', 1, 'Hello', '{}', 'x', '{}', now())`,
      [commitId, this.tenantId, sessionId, commit],
    );
    await this.sql(
      `INSERT INTO session_pushes (id, tenant_id, session_id, commit_id, oid, repo_url, branch, base_ref, status, created_by, author, created_at, pushed_at)
       VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, 'main', 'pushed', 'x', '{}', now(), now())`,
      [this.tenantId, sessionId, commitId, commit, `${this.github.url}/${REPOSITORY}.git`, branch],
    );
    const repository = this.github.repositories.get(REPOSITORY);
    if (repository) repository.branches[branch] = commit;
    return commit;
  }

  /** What a run of the checks has shown of a commit that was pushed. */
  async show(sessionId: string, commit: string, result: 'passed' | 'failed'): Promise<void> {
    const checks = [
      { name: 'Test | @mona', command: 'npm test', status: result, exit_code: 0, duration_ms: 12_345 },
    ];
    await this.sql(
      `INSERT INTO evidence (id, tenant_id, session_id, run_id, tree, result, checks, logs, envelope, created_at)
       VALUES (gen_random_uuid(), $1, $2, gen_random_uuid(), $3, $4, $5, '[]', '{}', now())`,
      [this.tenantId, sessionId, commit, result, JSON.stringify(checks)],
    );
  }

  open(sessionId: string, body: object = {}): Promise<Answer<PullRequest>> {
    return this.call('POST', `/api/sessions/${sessionId}/pull-request`, { title: 'Say hello', ...body });
  }

  /** What the forge has for it, oldest first. */
  ofBranch(branch: string): GithubPullRequestState['all'][number][] {
    return this.state.all.filter(({ head }) => head === branch);
  }

  async read(sessionId: string): Promise<PullRequest> {
    return (await this.call<PullRequest>('GET', `/api/sessions/${sessionId}/pull-request`)).body;
  }

  /** Ends the pause before the forge is asked again, and waits until nothing is left to do. */
  async askNow(sessionId: string): Promise<PullRequest> {
    await this.sql('UPDATE pull_requests SET next_at = now() WHERE session_id = $1 AND next_at IS NOT NULL', [
      sessionId,
    ]);
    await this.part(PullRequestReconciler).kick({ tenantId: this.tenantId, sessionId });
    return this.read(sessionId);
  }

  /** Looks for all work that is due, and waits until it is done. */
  async scan(): Promise<void> {
    await (
      await this.part(PullRequestReconciler).scanNow()
    ).settled;
  }

  is(
    sessionId: string,
    isSo: (pullRequest: PullRequest) => boolean,
    what = 'the pull request',
  ): Promise<PullRequest> {
    return waitFor(
      async () => {
        const one = await this.read(sessionId);
        return isSo(one) ? one : null;
      },
      { what },
    );
  }

  /** Waits until the forge has what was asked for, and was read. */
  isReady(sessionId: string): Promise<PullRequest> {
    return this.is(
      sessionId,
      ({ status, failure, read_at: at }) => status === 'ready' && failure === null && at !== null,
      'the pull request to be ready',
    );
  }
}
