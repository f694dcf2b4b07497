import { Injectable } from '@nestjs/common';
import type { KeepGreenTry } from '@saas-codex/contracts/keep-green';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v5 as uuidV5 } from 'uuid';
import { LOCK, Locks } from '../../database/locks.js';
import { UpdatesService } from '../../edits/updates.service.js';
import { actorFor, hasPermission } from '../../identity/actor.js';
import { ApiKeys } from '../../identity/api-keys.js';
import { Memberships } from '../../identity/memberships.js';
import type { RequestContext } from '../../identity/request-context.js';
import { Reconciler, type ReconcileResult } from '../../reconcile/reconciler.js';
import type { RunEntity } from '../../runs/run.entity.js';
import { isEnded as runIsEnded, RunStore } from '../../runs/run-store.js';
import { RunsService } from '../../runs/runs.service.js';
import { isMoving, type SessionEntity, type SessionRef } from '../../sessions/session.entity.js';
import { SessionStore } from '../../sessions/session-store.js';
import { type ShippedBranch, ShippedBranches } from '../../shipping/shipped-branches.js';
import { ModelLedger } from '../../usage/model-ledger.js';
import { History } from '../../workspaces/history/history.js';
import { STATUS_CONTEXT } from '../evidence-section.js';
import { promptFor } from '../follow-up-prompt.js';
import {
  isEnded,
  type KeptGreen,
  type PullRequestEntity,
  type SeenPullRequest,
} from '../pull-request.entity.js';
import { PullRequestScan } from '../pull-request-scan.js';
import { PullRequestStore } from '../pull-request-store.js';
import { Stopped } from './stopped.js';
import { PASSING, TryShipping } from './try-shipping.js';

const PLACES = { total: 8, perTenant: 2 };

/** A pull request that is kept green, and in whose name. */
interface Kept {
  row: PullRequestEntity;
  keep: KeptGreen;
  /** Acts as the person who asked for it, with the rights that they have now. */
  ctx: RequestContext;
}

/**
 * Mends by itself what keeps a pull request from being merged:
 *
 *     read: a check failed, or it conflicts ─► a run of Codex ─► commit ─► checks, where they are required ─► push ─► read again …
 *
 * What reviewers write is left to people: it may be anybody's words. Every step is found again after a crash, since what it makes has
 * an id that follows from what it is for. It stops for good when a person takes over, when it has had its tries or its money, and
 * when there is nothing that it could do.
 */
@Injectable()
export class KeepGreenReconciler extends Reconciler<SessionRef> {
  constructor(
    private readonly pullRequests: PullRequestScan,
    private readonly locks: Locks,
    private readonly store: PullRequestStore,
    private readonly memberships: Memberships,
    private readonly apiKeys: ApiKeys,
    private readonly sessions: SessionStore,
    private readonly runs: RunStore,
    private readonly prompts: RunsService,
    private readonly updates: UpdatesService,
    private readonly shipped: ShippedBranches,
    private readonly history: History,
    private readonly ledger: ModelLedger,
    private readonly shipping: TryShipping,
  ) {
    super({
      keyOf: ({ sessionId }) => sessionId,
      tenantOf: ({ tenantId }) => tenantId,
      places: PLACES,
    });
  }

  protected async *scan() {
    yield await this.pullRequests.keptGreen();
  }

  protected async reconcile(ref: SessionRef, signal: AbortSignal): Promise<ReconcileResult> {
    // Another backend is at it. What it leaves, a scan finds.
    await this.locks.tryWithLock(LOCK.keepGreen(ref.sessionId), () => this.advance(ref), signal);
    return 'done';
  }

  private async advance({ tenantId, sessionId }: SessionRef): Promise<void> {
    const row = await this.store.find({ tenantId }, sessionId);
    const keep = row?.keepGreen;
    if (!row || !keep || keep.stopped !== null || isEnded(row)) return;
    const last = keep.tries.at(-1);
    const isWorking = last?.state === 'working';
    try {
      const kept = { row, keep, ctx: await this.contextOf(row, keep) };
      const next = isWorking ? await this.follow(kept, last) : await this.begin(kept);
      if (next)
        await this.store.kept(row, {
          ...keep,
          tries: [...(isWorking ? keep.tries.slice(0, -1) : keep.tries), next],
        });
    } catch (error) {
      if (error instanceof ProblemError && PASSING.has(error.code)) return;
      const { reason, detail } = stopOf(error);
      const tries = keep.tries.map((one) =>
        one.state === 'working' ? { ...one, state: 'gave_up' as const } : one,
      );
      await this.store.kept(row, {
        ...keep,
        tries,
        stopped: { reason, detail, at: new Date().toISOString() },
      });
    }
  }

  /** @throws Stopped not_allowed */
  private async contextOf({ tenantId }: PullRequestEntity, keep: KeptGreen): Promise<RequestContext> {
    const { by, keyId } = keep;
    const person = (await this.memberships.named(tenantId, [by.id])).get(by.id);
    const key = keyId === null ? null : await this.apiKeys.findById(keyId);
    const actor = person && key !== undefined ? actorFor(by, person, key) : null;
    if (!actor || !hasPermission(actor, 'sessions:ship') || !hasPermission(actor, 'runs:create'))
      throw new Stopped(
        'not_allowed',
        `${by.name ?? 'Who asked for it'} may no longer ship. Ask for it yourself.`,
      );
    return { tenantId, readerId: by.id, actor, requestId: 'keep-green' };
  }

  /** Starts a try, when something is to be mended. @throws Stopped */
  private async begin(kept: Kept): Promise<KeepGreenTry | null> {
    const { row, keep, ctx } = kept;
    const push = await this.shipped.latest(ctx, row.sessionId, row.head);
    const session = await this.sessions.get(ctx, row.sessionId);
    // Not read since the push.
    if (row.seen === null || row.readAt === null || push === null || row.readAt < push.pushedAt) return null;
    const { seen } = row;
    if (seen.headCommit !== push.oid) {
      // Forges need a while to see what was pushed.
      if (await this.shipped.hasPushed(ctx, row.sessionId, row.head, seen.headCommit)) return null;
      throw new Stopped(
        'somebody_committed',
        'Somebody else has pushed to the branch. Its commits are left alone.',
      );
    }
    const failed = toMend(seen);
    if (failed === null) return null;
    const begun = await this.begunFor(kept, seen.headCommit);
    if (begun === null) {
      if (isBusy(session)) return null;
      await this.requireRoom(ctx, session, { push, keep });
    }
    const run_id = await this.mend(kept, seen, begun);
    return { run_id, failed, commit: push.oid, pushed: null, state: 'working', at: new Date().toISOString() };
  }

  /** What an attempt that died has queued to mend this commit. null: nothing */
  private async begunFor(kept: Kept, commit: string): Promise<'update' | 'prompt' | null> {
    const { update, prompt } = idsOf(kept, commit);
    if (await this.runs.find(kept.ctx, update)) return 'update';
    return (await this.runs.find(kept.ctx, prompt)) ? 'prompt' : null;
  }

  /** @throws Stopped */
  private async requireRoom(
    ctx: RequestContext,
    session: SessionEntity,
    { push, keep: { tries, max_tries: max, max_micro_usd: money } }: { push: ShippedBranch; keep: KeptGreen },
  ): Promise<void> {
    // What nobody has pushed, nobody may have looked at.
    if ((await this.history.takeCheckpoint(ctx, session.id)) !== push.tree)
      throw new Stopped('taken_over', 'The session has changes that are not pushed. Ship or revert them.');
    if (tries.length >= max)
      throw new Stopped('tries', `It is not green after ${max === 1 ? 'one try' : `${max} tries`}.`);
    if (money === null) return;
    const spent = await this.ledger.spentBy(
      ctx,
      tries.map(({ run_id }) => run_id),
    );
    if (!spent.isPriced)
      throw new Stopped(
        'money',
        'The price of its model is not known, so its cost cannot be limited. An admin can set it in the settings, under Models.',
      );
    if (spent.micro_usd >= money) throw new Stopped('money', 'Its tries have cost what they may cost.');
  }

  /** @returns the id of the run that mends */
  private async mend(kept: Kept, seen: SeenPullRequest, begun: 'update' | 'prompt' | null): Promise<string> {
    const { ctx, row } = kept;
    const ids = idsOf(kept, seen.headCommit);
    if (begun === 'update' || (begun === null && seen.conflicts === true)) {
      const once = { ...ctx, idempotentId: ids.update };
      const update = await this.updates.update(once, row.sessionId).catch(unlessUpToDate);
      if (update) return (update.resolving ?? update.run).run_id;
    }
    const prompt = promptFor({ ...seen, reviews: [], comments: [] });
    if (prompt === null) throw new Error('a pull request that is green was to be mended');
    return (await this.prompts.prompt({ ...ctx, idempotentId: ids.prompt }, row.sessionId, { prompt }))
      .run_id;
  }

  /** Ships what a try has changed. @returns null: it is not done yet @throws Stopped */
  private async follow(kept: Kept, last: KeepGreenTry): Promise<KeepGreenTry | null> {
    const { row, ctx } = kept;
    const session = await this.sessions.get(ctx, row.sessionId);
    const begun = await this.shipping.outcome(ctx, session, last.run_id);
    const oid = begun === undefined ? await this.ship(kept, session, last) : begun;
    return oid === null ? null : { ...last, state: 'pushed', pushed: oid };
  }

  private async ship(kept: Kept, session: SessionEntity, last: KeepGreenTry): Promise<string | null> {
    const { row, ctx } = kept;
    const run = await this.runs.get(ctx, last.run_id);
    if (!runIsEnded(run)) return null;
    if (run.status !== 'succeeded' || run.treeAfter === null)
      throw new Stopped('run_ended', run.error ?? 'Codex’s run was ended. Look at it in the session.');
    if (isBusy(session)) return null;
    const pushed = await this.shipped.latest(ctx, session.id, row.head);
    if ((await this.treeBefore(kept, run, last)) !== pushed?.tree)
      throw new Stopped('taken_over', 'Somebody works in the session. Ship what is there when it is done.');
    const { treeAfter: tree } = run;
    const { update } = idsOf(kept, last.commit);
    if ((await this.updates.unresolved(ctx, session.id, update, tree)).length > 0)
      throw new Stopped('taken_over', 'Conflicts are left. Resolve them in the session, then ship it.');
    // Others choose the names of checks.
    const message = last.failed.length > 0 ? 'Mend what checks have found' : 'Merge the base branch';
    return this.shipping.ship(ctx, session, { runId: run.id, tree, branch: row.head, message });
  }

  /** The files with which a try began. null: it did not begin where its update had ended */
  private async treeBefore(kept: Kept, run: RunEntity, { commit }: KeepGreenTry): Promise<string | null> {
    const { update, prompt } = idsOf(kept, commit);
    if (run.id === prompt || run.id === update) return run.treeBefore;
    const { treeBefore, treeAfter } = await this.runs.get(kept.ctx, update);
    return treeAfter === run.treeBefore ? treeBefore : null;
  }
}

/** Of the runs that mend a commit: the same attempt again finds them, until a person asks anew. */
const idsOf = ({ row: { sessionId }, keep: { since } }: Kept, commit: string) => ({
  update: uuidV5(`update ${since} ${commit}`, sessionId),
  prompt: uuidV5(`prompt ${since} ${commit}`, sessionId),
});

/** Names of the checks that have failed, once all have ended. null: there is nothing to mend, or not yet */
function toMend({ checks, conflicts }: SeenPullRequest): string[] | null {
  if (checks.some(({ state }) => state === 'pending')) return null;
  const failed = checks.filter(({ state, name }) => state === 'failed' && name !== STATUS_CONTEXT);
  return failed.length > 0 || conflicts === true ? failed.map(({ name }) => name) : null;
}

const isBusy = (session: SessionEntity): boolean =>
  session.activeRunId !== null || session.queuedRuns > 0 || isMoving(session);

/** The pull request's base may be another branch than the session's. */
function unlessUpToDate(error: unknown): null {
  if (error instanceof ProblemError && ['nothing_to_change', 'base_missing'].includes(error.code))
    return null;
  throw error;
}

/** @throws the error, if it is none that a person can mend */
function stopOf(error: unknown): Stopped {
  if (error instanceof Stopped) return error;
  if (error instanceof ProblemError) return new Stopped('run_ended', error.detail);
  throw error;
}
