import { Injectable } from '@nestjs/common';
import type { OpenPullRequest, PullRequest, UpdatePullRequest } from '@saas-codex/contracts/pull-requests';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { RequestAudit } from '../audit/request-audit.js';
import type { TenantTransaction } from '../database/tenant-database.js';
import { Forges } from '../forges/forges.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { auditedTitle } from '../sessions/session-audit.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { type ShippedBranch, ShippedBranches } from '../shipping/shipped-branches.js';
import { isEnded, PullRequestEntity, toPullRequest, type WantedPullRequest } from './pull-request.entity.js';
import { forgeMissing, PullRequestReconciler } from './pull-request-reconciler.js';
import { PullRequestStore, showIn } from './pull-request-store.js';

/** Takes down what people ask for. The reconciler does it. */
@Injectable()
export class PullRequestsService {
  constructor(
    private readonly store: PullRequestStore,
    private readonly sessions: SessionStore,
    private readonly shipped: ShippedBranches,
    private readonly forges: Forges,
    private readonly reconciler: PullRequestReconciler,
    private readonly audit: RequestAudit,
  ) {}

  /** @throws ProblemError session_not_found, pull_request_not_found */
  async read(ctx: RequestContext, sessionId: string): Promise<PullRequest> {
    await this.sessions.get(ctx, sessionId);
    const row = await this.store.find(ctx, sessionId);
    if (!row) throw missing();
    return toPullRequest(row);
  }

  /**
   * Asks for a pull request of what was pushed last. If the session has one that is not merged or closed, that one is changed.
   * @throws ProblemError session_not_found, session_archived, nothing_pushed, forge_missing, invalid_request
   */
  async open(ctx: RequestContext, sessionId: string, body: OpenPullRequest): Promise<PullRequest> {
    await this.sessions.get(ctx, sessionId);
    const branch = await this.shipped.latest(ctx, sessionId);
    if (!branch) throw new ProblemError('nothing_pushed', 'Push the changes to a branch first.');
    const access = await this.forges.forRepository(ctx, actorId(ctx.actor), branch.repoUrl);
    if (!access?.forge.pullRequests) throw forgeMissing();
    const wanted: WantedPullRequest = { ...body, base: body.base ?? branch.baseRef };
    if (wanted.base === branch.branch)
      throw new ProblemError(
        'invalid_request',
        'A branch cannot be merged into itself. Choose another base.',
      );
    return this.change(ctx, sessionId, async (tx, session) => {
      if (session.status === 'archived') throw new ProblemError('session_archived', 'Unarchive it first.');
      const rows = tx.of(PullRequestEntity);
      const now = await rows.findOne({ where: { sessionId } });
      if (!now) return rows.insert({ ...beginning(ctx, sessionId, branch), wanted, wantedVersion: 0 });
      if (!isEnded(now) && !wasRefused(now)) return { ...now, wanted };
      return { ...now, ...beginning(ctx, sessionId, branch), replaces: now.number, wanted, wantedVersion: 0 };
    });
  }

  /** @throws ProblemError session_not_found, pull_request_not_found, pull_request_ended */
  async update(ctx: RequestContext, sessionId: string, body: UpdatePullRequest): Promise<PullRequest> {
    return this.change(ctx, sessionId, async (tx) => {
      const now = await tx.of(PullRequestEntity).findOne({ where: { sessionId } });
      if (!now) throw missing();
      if (isEnded(now)) throw new ProblemError('pull_request_ended', 'Open another one for what is new.');
      return { ...now, wanted: { ...now.wanted, ...body } };
    });
  }

  private async change(
    ctx: RequestContext,
    sessionId: string,
    changed: (tx: TenantTransaction, session: SessionEntity) => Promise<PullRequestEntity>,
  ): Promise<PullRequest> {
    return this.sessions.change(ctx, sessionId, async (tx, session) => {
      const row = await changed(tx, session);
      const now = new Date();
      const wantedVersion = row.wantedVersion + 1;
      const asked = {
        wantedVersion,
        failure: null,
        failures: 0,
        nextAt: now,
        changedAt: now,
        updatedAt: now,
      };
      const after: PullRequestEntity = { ...row, ...asked, createdBy: actorId(ctx.actor) };
      await tx.of(PullRequestEntity).update({ sessionId }, after);
      await showIn(tx, after, false);
      await this.audit.recordIn(tx, ctx, { target: { id: sessionId, name: auditedTitle(session) } });
      tx.afterCommit(() => this.reconciler.kick({ tenantId: ctx.tenantId, sessionId }));
      return toPullRequest(after);
    });
  }
}

const missing = () =>
  new ProblemError('pull_request_not_found', 'Push the changes, then open a pull request for them.');

/** The forge has said that there can be none for this branch, and that there is none. */
const wasRefused = ({ number, failure, nextAt }: PullRequestEntity): boolean =>
  number === null && failure?.code === 'forge_refused' && nextAt === null;

/** A pull request that the forge does not have yet. */
function beginning(ctx: RequestContext, sessionId: string, { repoUrl, branch, oid }: ShippedBranch) {
  const now = new Date();
  return {
    sessionId,
    repoUrl,
    repository: null,
    head: branch,
    headCommit: oid,
    appliedVersion: 0,
    openedAt: now,
    replaces: null,
    number: null,
    url: null,
    state: null,
    seen: null,
    keepGreen: null,
    failure: null,
    nextAt: null,
    readAt: null,
    changedAt: now,
    createdBy: actorId(ctx.actor),
    createdAt: now,
    updatedAt: now,
  };
}
