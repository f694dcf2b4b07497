import { Injectable } from '@nestjs/common';
import type { StartKeepGreen } from '@saas-codex/contracts/keep-green';
import type { PullRequest } from '@saas-codex/contracts/pull-requests';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { RequestAudit } from '../../audit/request-audit.js';
import { authorOf, hasPermission } from '../../identity/actor.js';
import type { RequestContext } from '../../identity/request-context.js';
import { auditedTitle } from '../../sessions/session-audit.js';
import { SessionStore } from '../../sessions/session-store.js';
import { KeepGreenReconciler } from './keep-green-reconciler.js';
import { isEnded, type KeptGreen, PullRequestEntity, toPullRequest } from '../pull-request.entity.js';
import { showIn } from '../pull-request-store.js';

/** Takes down whether a pull request is to be kept green. The reconciler does it. */
@Injectable()
export class KeepGreenService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly reconciler: KeepGreenReconciler,
    private readonly audit: RequestAudit,
  ) {}

  /** Begins anew, also after it has stopped. @throws ProblemError session_*, pull_request_not_found, pull_request_ended */
  start(
    ctx: RequestContext,
    sessionId: string,
    { max_tries, max_micro_usd }: StartKeepGreen,
  ): Promise<PullRequest> {
    const limits = { max_tries, max_micro_usd: max_micro_usd ?? null };
    return this.set(ctx, sessionId, {
      by: authorOf(ctx.actor),
      keyId: 'keyId' in ctx.actor ? ctx.actor.keyId : null,
      since: new Date().toISOString(),
      ...limits,
      tries: [],
      stopped: null,
    });
  }

  /** A run that works goes on, and what it changes stays in the session. @throws ProblemError session_*, pull_request_not_found */
  stop(ctx: RequestContext, sessionId: string): Promise<PullRequest> {
    return this.set(ctx, sessionId, null);
  }

  private set(ctx: RequestContext, sessionId: string, keepGreen: KeptGreen | null): Promise<PullRequest> {
    return this.sessions.change(ctx, sessionId, async (tx, session) => {
      const now = await tx.of(PullRequestEntity).findOne({ where: { sessionId } });
      if (!now)
        throw new ProblemError(
          'pull_request_not_found',
          'Push the changes, then open a pull request for them.',
        );
      // The route asks for the right to ship. A key may have that one alone.
      if (keepGreen !== null && !hasPermission(ctx.actor, 'runs:create'))
        throw new ProblemError('forbidden', 'This key may send no prompts, which mend what fails.');
      if (keepGreen !== null && session.status === 'archived')
        throw new ProblemError('session_archived', 'Unarchive it first.');
      if (keepGreen !== null && isEnded(now))
        throw new ProblemError('pull_request_ended', 'Open another one for what is new.');
      const set = { keepGreen, changedAt: new Date(), ...(now.failures === 0 && { nextAt: new Date() }) };
      await tx.of(PullRequestEntity).update({ sessionId }, set);
      const after = { ...now, ...set };
      await showIn(tx, after, false);
      await this.audit.recordIn(tx, ctx, { target: { id: sessionId, name: auditedTitle(session) } });
      tx.afterCommit(() => this.reconciler.kick({ tenantId: ctx.tenantId, sessionId }));
      return toPullRequest(after);
    });
  }
}
