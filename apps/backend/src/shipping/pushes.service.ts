import { Injectable } from '@nestjs/common';
import { type PageQuery, Timestamp } from '@saas-codex/contracts/pagination';
import { type CreatePush, isBranchName, type Push, type PushPage } from '@saas-codex/contracts/shipping';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v7 as uuidV7 } from 'uuid';
import { z } from 'zod';
import { RequestAudit } from '../audit/request-audit.js';
import { baseOf } from '../changes/session-trees.js';
import { ChecksService } from '../checks/checks.service.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { actorId, authorOf } from '../identity/actor.js';
import { Memberships } from '../identity/memberships.js';
import type { RequestContext } from '../identity/request-context.js';
import { auditedTitle } from '../sessions/session-audit.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { branchFrom } from './branch-name.js';
import { findCommit } from './commits.service.js';
import { PushEntity, toLastPush, toPush } from './push.entity.js';
import { PushReconciler } from './push-reconciler.js';
import { type BranchPolicy, BranchPolicies, misnamedBy } from './rules/branch-policies.js';
import { lastPushed } from './shipped-branches.js';

/** How many of the last pushes say which branch is next. */
const TRIED = 100;
/** Sort key of the list. */
const PushCursor = z.tuple([Timestamp, z.uuid()]);

/** Takes pushes. From the answer on, the row reaches the repository once, whatever fails meanwhile (`PushReconciler`). */
@Injectable()
export class PushesService {
  constructor(
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
    private readonly checks: ChecksService,
    private readonly reconciler: PushReconciler,
    private readonly audit: RequestAudit,
    private readonly memberships: Memberships,
    private readonly policies: BranchPolicies,
  ) {}

  /**
   * A run may work meanwhile: the commit is made, and nothing changes it.
   * @throws ProblemError session_*, workspace_removed, repository_missing, commit_not_found, ref_invalid, branch_misnamed, push_in_progress, commit_outdated, checks_required
   */
  async create(ctx: RequestContext, sessionId: string, body: CreatePush): Promise<Push> {
    await this.requireChecked(ctx, sessionId, body.commit_id);
    const naming = await this.namingOf(ctx, await this.sessions.get(ctx, sessionId));
    return this.sessions.change(ctx, sessionId, async (tx, session) => {
      const { idempotentId } = ctx;
      const pushes = tx.of(PushEntity);
      const before = idempotentId && (await pushes.findOne({ where: { id: idempotentId, sessionId } }));
      if (before) {
        this.audit.recordedBefore(ctx);
        return toPush(before);
      }
      const repoUrl = requirePushable(session);
      const commit = await findCommit(tx, sessionId, body.commit_id);
      const branch = body.branch ?? (await this.suggestBranch(tx, session, naming));
      checkBranch(branch, session, naming);
      await this.requireNext(tx, session, commit);
      const row = await pushes.insert({
        id: idempotentId ?? uuidV7(),
        sessionId,
        commitId: commit.id,
        oid: commit.oid,
        repoUrl,
        branch,
        status: 'pending',
        createdBy: actorId(ctx.actor),
        author: authorOf(ctx.actor),
        createdAt: new Date(),
      });
      await tx
        .of(SessionEntity)
        .update({ id: sessionId }, { lastPush: toLastPush(row), updatedAt: new Date() });
      const changes = { branch: { old: null, new: branch }, oid: { old: null, new: commit.oid } };
      await this.audit.recordIn(tx, ctx, { target: { id: sessionId, name: auditedTitle(session) }, changes });
      tx.afterCommit(() => this.reconciler.kick({ tenantId: ctx.tenantId, sessionId, pushId: row.id }));
      return toPush(row);
    });
  }

  /** Newest first. @throws ProblemError session_not_found, invalid_cursor */
  async list(ctx: RequestContext, sessionId: string, query: PageQuery): Promise<PushPage> {
    const session = await this.sessions.get(ctx, sessionId);
    const before = decodeCursor(query.cursor, PushCursor);
    const naming = await this.namingOf(ctx, session);
    return this.db.run(ctx, async (tx) => {
      const select = tx.of(PushEntity).select('push').andWhere('push.sessionId = :sessionId', { sessionId });
      if (before) select.andWhere('(push.createdAt, push.id) < (:at, :id)', { at: before[0], id: before[1] });
      const rows = await select
        .orderBy('push.createdAt', 'DESC')
        .addOrderBy('push.id', 'DESC')
        .take(query.limit + 1)
        .getMany();
      const page = toPage(rows, query.limit, (row) => [row.createdAt.toISOString(), row.id], toPush);
      const suggested_branch = await this.suggestBranch(tx, session, naming);
      return { ...page, suggested_branch, branch_pattern: naming.enforced ? naming.pattern : null };
    });
  }

  /** @throws ProblemError session_not_found, push_not_found */
  async read(ctx: RequestContext, sessionId: string, id: string): Promise<Push> {
    await this.sessions.get(ctx, sessionId);
    const row = await this.db.run(ctx, (tx) => tx.of(PushEntity).findOne({ where: { id, sessionId } }));
    if (row) return toPush(row);
    throw new ProblemError('push_not_found', "Read the list of the session's pushes.");
  }

  /** A request that comes again is not checked again. */
  private async requireChecked(ctx: RequestContext, sessionId: string, commitId: string): Promise<void> {
    const session = await this.sessions.get(ctx, sessionId);
    const tree = await this.db.run(ctx, async (tx) => {
      const { idempotentId: id } = ctx;
      const isTaken = id !== undefined && (await tx.of(PushEntity).findOne({ where: { id, sessionId } }));
      return isTaken ? null : (await findCommit(tx, sessionId, commitId)).tree;
    });
    if (tree !== null) await this.checks.requirePassed(ctx, session, tree);
  }

  private async namingOf(ctx: RequestContext, { repoUrl }: SessionEntity): Promise<Naming> {
    const id = actorId(ctx.actor);
    const [policy, people] = await Promise.all([
      this.policies.of(ctx, repoUrl),
      this.memberships.named(ctx.tenantId, [id]),
    ]);
    return { ...policy, person: people.get(id)?.name ?? '' };
  }

  /** The branch of the last push; a new one where that push was refused for its branch, or would be now. */
  private async suggestBranch(
    tx: TenantTransaction,
    session: SessionEntity,
    naming: Naming,
  ): Promise<string> {
    const tried = await tx
      .of(PushEntity)
      .find({ where: { sessionId: session.id }, order: { createdAt: 'DESC', id: 'DESC' }, take: TRIED });
    const [last] = tried;
    if (
      last &&
      !(last.status === 'failed' && BRANCH_PROBLEMS.has(last.failureCode ?? '')) &&
      (naming.toDefaultBranch || misnamedBy(naming, session, last.branch) === null)
    )
      return last.branch;
    const taken = new Set(tried.map(({ branch }) => branch));
    for (let attempt = 1; ; attempt++) {
      const name = branchFrom(naming.pattern, { ...session, person: naming.person }, attempt);
      if (!taken.has(name)) return name;
    }
  }

  /** What a session pushes is one line of commits, so that nothing of ours is ever replaced by something that lacks it. */
  private async requireNext(
    tx: TenantTransaction,
    { id: sessionId }: SessionEntity,
    { oid, parent }: { oid: string; parent: string | null },
  ): Promise<void> {
    if (await tx.of(PushEntity).findOne({ where: { sessionId, status: 'pending' } }))
      throw new ProblemError('push_in_progress', 'Wait until it is pushed or has failed.');
    const last = await lastPushed(tx, sessionId);
    if (last && last.oid !== oid && last.oid !== parent)
      throw new ProblemError(
        'commit_outdated',
        'Somebody has pushed meanwhile. Commit again, on top of that.',
      );
  }
}

const BRANCH_PROBLEMS: ReadonlySet<string> = new Set(['branch_moved', 'branch_protected', 'branch_misnamed']);

/** How branches are named for who asks. */
interface Naming extends BranchPolicy {
  person: string;
}

/**
 * Whether a branch is the default one, only its host knows: `PushReconciler` asks.
 * @throws ProblemError ref_invalid, branch_misnamed
 */
function checkBranch(branch: string, session: SessionEntity, policy: BranchPolicy): void {
  if (!isBranchName(branch))
    throw new ProblemError('ref_invalid', 'Give the plain name of a branch, such as codex/fix-the-date.');
  const misnamed = misnamedBy(policy, session, branch);
  if (misnamed !== null && !policy.toDefaultBranch) throw misnamed;
}

/** @returns the address of the repository */
function requirePushable(session: SessionEntity): string {
  baseOf(session);
  if (session.status !== 'ready') throw new ProblemError('session_archived', 'Unarchive it first.');
  if (session.repoUrl !== null) return session.repoUrl;
  throw new ProblemError(
    'repository_missing',
    'It began with empty files. Download its changes as a patch instead.',
  );
}
