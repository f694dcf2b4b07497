import { randomUUID } from 'node:crypto';
import type { ForgeKind } from '@saas-codex/contracts/forges';
import type { Me } from '@saas-codex/contracts/identity';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { PullRequest } from '@saas-codex/contracts/pull-requests';
import type { Session } from '@saas-codex/contracts/sessions';
import { SystemDatabase } from '../../../../apps/backend/src/database/system-database.js';
import { ForgeStore } from '../../../../apps/backend/src/forges/forge-store.js';
import { PullRequestReconciler } from '../../../../apps/backend/src/pull-requests/pull-request-reconciler.js';
import { waitFor } from '../wait-for.js';
import { restartBackend, startBackend, type TestBackend } from './backend.js';

/** The one repository of the forge. */
export const REPOSITORY = 'acme/app';
/** A mark of ours, which a repository may write as well. */
const EVIDENCE_END = '<!-- saas-codex: end of the evidence -->';
/** The forge takes it from our backend. */
export const FORGE_TOKEN = 'ghp_a-token-of-the-specs-0123456789';

/** What the stand-ins of all forges have in common. */
interface StandIn {
  kind: ForgeKind;
  url: string;
  host: string;
  /** Of a forge whose tokens are each for one. */
  workspace?: string;
  setBranch(name: string, commit: string): void;
  stop(): Promise<void>;
}

interface Answer<T> {
  status: number;
  body: T & { code?: ProblemCode; detail?: string };
}

/** A backend, and a forge whose repository has the branches that sessions have pushed. */
export class ShippedWorld {
  private commits = 0;
  backend: TestBackend;
  forgeId: string;
  tenantId: string;

  protected constructor(private readonly forge: StandIn) {}

  static async of(forge: StandIn): Promise<ShippedWorld> {
    const world = new ShippedWorld(forge);
    await world.begin();
    return world;
  }

  protected async begin(): Promise<void> {
    this.backend = await startBackend({ GIT_TRUSTED_HOSTS: this.forge.host });
    const me = (await (await this.backend.fetch('/api/me')).json()) as Me;
    this.tenantId = me.tenant.tenant_id;
    const { userId, name } = { userId: me.user.user_id, name: 'Owner' };
    const actor = {
      kind: 'person',
      signInId: 'x',
      role: 'owner',
      tenantDeleted: false,
      userId,
      name,
    } as const;
    const ctx = { tenantId: this.tenantId, readerId: userId, actor, requestId: 'spec' };
    const connected = {
      kind: this.forge.kind,
      url: this.forge.url,
      ...(this.forge.workspace !== undefined && { workspace: this.forge.workspace }),
      owner: 'organisation',
      token: FORGE_TOKEN,
    } as const;
    this.forgeId = (await this.part(ForgeStore).connect(ctx, connected)).forge_id;
  }

  async stop(): Promise<void> {
    await this.backend.stop();
    await this.forge.stop();
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
    this.backend = await restartBackend(this.backend, { GIT_TRUSTED_HOSTS: this.forge.host });
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
    // Some forges tell commits by their first twelve digits.
    const commit = (++this.commits).toString(16).padStart(12, '0').padEnd(40, 'a');
    const commitId = randomUUID();
    await this.sql(
      `INSERT INTO session_commits (id, tenant_id, session_id, oid, tree, mode, commits, message, left_out, created_by, author, created_at)
       VALUES ($1, $2, $3, $4, $4, 'squash', 1, 'Hello', '{}', 'x', '{}', now())`,
      [commitId, this.tenantId, sessionId, commit],
    );
    await this.sql(
      `INSERT INTO session_pushes (id, tenant_id, session_id, commit_id, oid, repo_url, branch, base_ref, status, created_by, author, created_at, pushed_at)
       VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, 'main', 'pushed', 'x', '{}', now(), now())`,
      [this.tenantId, sessionId, commitId, commit, `${this.forge.url}/${REPOSITORY}.git`, branch],
    );
    this.forge.setBranch(branch, commit);
    return commit;
  }

  /** What a run of the checks has shown of a commit that was pushed. */
  async show(sessionId: string, commit: string, result: 'passed' | 'failed'): Promise<void> {
    const checks = [
      {
        name: `Test | @mona ${EVIDENCE_END}`,
        command: 'npm test',
        status: result,
        exit_code: 0,
        duration_ms: 12_345,
      },
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
