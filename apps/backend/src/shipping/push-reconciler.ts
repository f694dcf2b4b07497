import { Injectable, Logger } from '@nestjs/common';
import { permissionsOf } from '@saas-codex/contracts/permissions';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { PUSH_TRANSITIONS } from '@saas-codex/contracts/shipping';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { isStoreOutage } from '@saas-codex/service-kit/store-outage';
import { AuditLog, type NewAuditEntry, systemEntry } from '../audit/audit-log.js';
import { RepositoryAccess } from '../credentials/repository-access.js';
import { LOCK, Locks } from '../database/locks.js';
import { TenantDatabase } from '../database/tenant-database.js';
import { transition } from '../database/transition.js';
import { Memberships } from '../identity/memberships.js';
import { type RequestContext, systemContext } from '../identity/request-context.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import { auditedTitle } from '../sessions/session-audit.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { type PushedBranch, Remotes } from '../workspaces/clones/remotes.js';
import { PushEntity, toLastPush } from './push.entity.js';
import { type PushRef, PushScan } from './push-scan.js';
import { BranchPolicies, misnamedBy } from './rules/branch-policies.js';

const PLACES = { total: 16, perTenant: 4 };
/** After these, about 40 minutes have passed. */
const MAX_ATTEMPTS = 10;
const retryAfterMs = (attempts: number) => Math.min(5_000 * 2 ** (attempts - 1), 600_000);

/** A push, and all that it takes. */
interface Attempt {
  push: PushEntity;
  session: SessionEntity;
  /** Commits that this session has pushed, or tried to push, to the same branch. */
  ours: string[];
  pushedBefore: boolean;
}

/**
 * Brings pushes to their end:
 *
 *     pending ── look at the branch ─┬─ it has our commit ───────────────► pushed
 *        ▲                           ├─ push ─┬─ taken ───────────────────► pushed
 *        │                           │        └─ refused ─────────────────► failed, with what to do
 *        └─ retry_at, growing ◄──────┴─ the host does not answer, or 5xx ─► failed after some 40 minutes
 *
 * What the host has is always looked at first. So a push whose answer was lost, or that a crash came after, is found done and is
 * not made again. One backend pushes for a session at a time, and at most one of its pushes is pending.
 */
@Injectable()
export class PushReconciler extends Reconciler<PushRef> {
  private readonly logger = new Logger(PushReconciler.name);

  constructor(
    private readonly pushes: PushScan,
    private readonly locks: Locks,
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
    private readonly access: RepositoryAccess,
    private readonly remotes: Remotes,
    private readonly memberships: Memberships,
    private readonly audit: AuditLog,
    private readonly policies: BranchPolicies,
  ) {
    super({ keyOf: ({ pushId }) => pushId, tenantOf: ({ tenantId }) => tenantId, places: PLACES });
  }

  protected async *scan() {
    yield await this.pushes.due();
  }

  protected async reconcile(ref: PushRef, signal: AbortSignal): Promise<ReconcileResult> {
    const lock = LOCK.push(ref.sessionId);
    const advance = (lost: AbortSignal) => this.advance(ref, AbortSignal.any([signal, lost]));
    return (await this.locks.tryWithLock(lock, advance, signal)) ?? 'retry';
  }

  private async advance(ref: PushRef, signal: AbortSignal): Promise<ReconcileResult> {
    const ctx = systemContext('shipping', ref.tenantId);
    const attempt = await this.attemptOf(ctx, ref);
    if (attempt === null) return 'done';
    const { push } = attempt;
    if (push.retryAt !== null && push.retryAt.getTime() > Date.now()) return 'done';
    try {
      await this.settle(ctx, push, await this.push(ctx, attempt, signal));
    } catch (error) {
      if (signal.aborted || isStoreOutage(error)) throw error;
      await this.recordFailure(ctx, push, problemOf(error, this.logger));
    }
    return 'done';
  }

  /** null: it has ended, or its session is going. */
  private attemptOf(ctx: RequestContext, { sessionId, pushId }: PushRef): Promise<Attempt | null> {
    return this.db.run(ctx, async (tx) => {
      const session = await tx.of(SessionEntity).findOne({ where: { id: sessionId } });
      const pushes = tx.of(PushEntity);
      const push = await pushes.findOne({ where: { id: pushId, sessionId } });
      if (!session || session.deletedAt || push?.status !== 'pending') return null;
      const { repoUrl, branch } = push;
      const same = await pushes.find({ where: { sessionId, repoUrl, branch } });
      const pushedBefore = same.some(({ status }) => status === 'pushed');
      return { push, session, ours: same.map(({ oid }) => oid), pushedBefore };
    });
  }

  private async push(ctx: RequestContext, attempt: Attempt, signal: AbortSignal): Promise<PushedBranch> {
    const { push, session, ours, pushedBefore } = attempt;
    const { createdBy, sessionId, repoUrl, branch, oid } = push;
    if (session.workspaceRemovedAt !== null)
      throw new ProblemError('workspace_removed', 'The commit is gone with the files. Start a new session.');
    await this.requireMember(push);
    // Rules, too, may have changed since.
    const policy = await this.policies.of(ctx, repoUrl);
    const { toDefaultBranch } = policy;
    const allowed = { toDefaultBranch, misnamed: misnamedBy(policy, session, branch) };
    const to = { repoUrl, branch, oid, ours, pushedBefore, baseRef: plainName(session.ref), ...allowed };
    return this.access.withAccess(
      ctx,
      createdBy,
      repoUrl,
      (credential) => this.remotes.push(ctx, sessionId, { ...to, credential }, signal),
      'push',
    );
  }

  /** Rights may have changed since the push was accepted. */
  private async requireMember({ tenantId, createdBy }: PushEntity): Promise<void> {
    const person = (await this.memberships.named(tenantId, [createdBy])).get(createdBy);
    if (!person || !permissionsOf(person.role).includes('sessions:ship'))
      throw new ProblemError('forbidden', 'Who started this push may no longer ship. Push it yourself.');
  }

  private settle(
    ctx: RequestContext,
    push: PushEntity,
    { baseRef, hostMessage }: PushedBranch,
  ): Promise<void> {
    const done = { baseRef, hostMessage, pushedAt: new Date(), failureCode: null, failureDetail: null };
    return this.change(ctx, push, 'pushed', { ...done, retryAt: null });
  }

  private recordFailure(
    ctx: RequestContext,
    push: PushEntity,
    { code, detail }: ProblemError,
  ): Promise<void> {
    const attempts = push.attempts + 1;
    const failure = { failureCode: code, failureDetail: detail, attempts };
    if (!RETRIED.has(code) || attempts >= MAX_ATTEMPTS) {
      const given = RETRIED.has(code)
        ? 'The host did not answer as it should, several times. Push again later.'
        : detail;
      return this.change(ctx, push, 'failed', { ...failure, failureDetail: given, retryAt: null });
    }
    return this.change(ctx, push, null, {
      ...failure,
      retryAt: new Date(Date.now() + retryAfterMs(attempts)),
    });
  }

  /** @param to null: it stays pending */
  private async change(
    ctx: RequestContext,
    { id, sessionId }: PushEntity,
    to: 'pushed' | 'failed' | null,
    set: Partial<PushEntity>,
  ): Promise<void> {
    await this.sessions.changeIfThere(ctx, sessionId, async (tx, session) => {
      const changed =
        to === null
          ? (await tx.of(PushEntity).update({ id, status: 'pending' }, set)) === 1
          : await transition(tx, PushEntity, PUSH_TRANSITIONS, { id, to, set });
      const row = changed ? await tx.of(PushEntity).findOne({ where: { id } }) : null;
      // A try that has to be repeated is no news of the session.
      const at = to === null ? {} : { updatedAt: new Date() };
      if (row) await tx.of(SessionEntity).update({ id: sessionId }, { lastPush: toLastPush(row), ...at });
      if (row && to !== null) await this.audit.record(tx, outcomeOf(ctx, row, session));
    });
  }
}

/** The request to push has an entry of its own, with the same commit. */
function outcomeOf(ctx: RequestContext, push: PushEntity, session: SessionEntity): NewAuditEntry {
  const { branch, oid, failureCode } = push;
  const target = { kind: 'session', id: session.id, name: auditedTitle(session) } as const;
  return {
    ...systemEntry(ctx, 'session.push_ended', target),
    ...(failureCode !== null && { problem: failureCode }),
    changes: { branch: { old: null, new: branch }, oid: { old: null, new: oid } },
  };
}

/** A branch may have been chosen by its full name. */
const plainName = (ref: string | null) => ref?.replace(/^refs\/heads\//, '') ?? null;

/** Codes of what may go away by itself. */
const RETRIED: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['push_unreachable', 'repo_host_unknown']);

/** As the person gets it. Where the host wants another credential, it must be one that may write. */
function problemOf(error: unknown, logger: Logger): ProblemError {
  if (error instanceof ProblemError) {
    if (error.code === 'clone_auth_failed')
      return new ProblemError('push_auth_failed', `${error.detail} To push, it must be allowed to write.`);
    return error;
  }
  logger.error(`a push failed: ${error instanceof Error ? error.message : String(error)}`);
  return new ProblemError(
    'push_unreachable',
    'Something went wrong on our side. The push is tried again by itself.',
  );
}
