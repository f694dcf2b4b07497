import { Injectable, Logger } from '@nestjs/common';
import { REWIND_TRANSITIONS, type RewindStatus } from '@saas-codex/contracts/rewinds';
import { canTransition } from '@saas-codex/contracts/transitions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { isStoreOutage } from '@saas-codex/service-kit/store-outage';
import { IsNull, MoreThanOrEqual } from 'typeorm';
import { LOCK, Locks } from '../database/locks.js';
import type { TenantTransaction } from '../database/tenant-database.js';
import { type RequestContext, systemContext } from '../identity/request-context.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import { RunnerClient, RunnerRefused, RunnerUnavailable } from '../runner-client/runner-client.js';
import { RunEntity } from '../runs/run.entity.js';
import { RunStore } from '../runs/run-store.js';
import { RunTurns } from '../runs/run-turns.js';
import { RunsPort } from '../sessions/runs-port.js';
import {
  isMoving,
  type Rewind,
  type RewindStates,
  SessionEntity,
  type SessionRef,
  type SessionState,
} from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { History } from '../workspaces/history/history.js';
import { RewindScan } from './rewind-scan.js';

const PLACES = { total: 16, perTenant: 2 };

/** A session that is moving, and how. */
interface Move {
  session: SessionEntity;
  rewind: Rewind;
  threadId: string;
}

/**
 * Takes a session back to before a run, and forward again:
 *
 *     rewinding ── record both states ── restore the files ── set the conversation ──► rewound ──► undoing ──► undone
 *                    │ checkpoint now      │ in a jail          │ thread.json            (the same the other way)
 *                    │ cut conversation    │ compared
 *                    └─────────────────────┴── refused: everything back ──► failed
 *
 * No run starts while a session moves, and every step may be repeated. So a crash at any point is followed by the same steps
 * again, and nobody ever works on files of one state with the conversation of the other.
 */
@Injectable()
export class RewindReconciler extends Reconciler<SessionRef> {
  private readonly logger = new Logger(RewindReconciler.name);

  constructor(
    private readonly rewindScan: RewindScan,
    private readonly locks: Locks,
    private readonly sessions: SessionStore,
    private readonly runs: RunStore,
    private readonly turns: RunTurns,
    private readonly port: RunsPort,
    private readonly history: History,
    private readonly runner: RunnerClient,
  ) {
    super({
      keyOf: ({ sessionId }) => sessionId,
      tenantOf: ({ tenantId }) => tenantId,
      places: PLACES,
    });
  }

  protected async *scan() {
    yield await this.rewindScan.due();
  }

  protected async reconcile(ref: SessionRef, signal: AbortSignal): Promise<ReconcileResult> {
    const lock = LOCK.session(ref.sessionId);
    return (await this.locks.tryWithLock(lock, () => this.advance(ref), signal)) ?? 'retry';
  }

  private async advance(ref: SessionRef): Promise<ReconcileResult> {
    const ctx = systemContext('runs', ref.tenantId);
    const session = await this.sessions.find(ctx, ref.sessionId);
    if (!session || session.deletedAt || !isMoving(session)) return 'done';
    const { rewind, threadId } = session;
    if (rewind === null || threadId === null) throw new Error(`session ${session.id} moves without a thread`);
    try {
      await this.move(ctx, { session, rewind, threadId });
    } catch (error) {
      if (!(error instanceof RunnerUnavailable)) throw error;
      this.logger.warn(`Session ${session.id} waits for the runner to go back: ${error.message}`);
      return 'retry';
    }
    this.port.kick(ref);
    return 'done';
  }

  private async move(ctx: RequestContext, move: Move): Promise<void> {
    const { rewind } = move;
    const isUndo = rewind.status === 'undoing';
    const states = rewind.states ?? (await this.recordStates(ctx, move));
    if (typeof states === 'string') return this.settle(ctx, move, 'failed', { failure: states });
    const there = () => this.goBack(ctx, move, states);
    const back = () => this.goForward(ctx, move, states);
    const problem = await (isUndo ? back() : there());
    const to = isUndo ? states.before : states.after;
    if (problem === null) return this.settle(ctx, move, isUndo ? 'undone' : 'rewound', { to });
    const worse = await (isUndo ? there() : back());
    if (worse !== null) this.logger.error(`session ${move.session.id} is between two states: ${worse}`);
    const failure = worse === null ? problem : `${problem} ${IN_BETWEEN}`;
    return this.settle(ctx, move, isUndo ? 'rewound' : 'failed', { failure });
  }

  /** @returns why it is not possible, in words for a person */
  private async recordStates(ctx: RequestContext, move: Move): Promise<RewindStates | string> {
    const { session, rewind, threadId } = move;
    const run = await this.runs.find(ctx, rewind.runId);
    if (!run?.treeBefore) return 'The run is gone.';
    try {
      const tree = await this.history.takeCheckpoint(ctx, session.id);
      const head = await this.history.readHead(session.id);
      const { baseCommit, baseTree } = session;
      const now = baseCommit && baseTree ? { base: { commit: baseCommit, tree: baseTree } } : {};
      const base = await this.runs.baseBefore(ctx, session, run);
      const then = base ? { base } : {};
      const without = await this.turns.since(ctx, run);
      const cut = await this.runner.cutConversation(threadId, { without });
      const states = {
        before: { tree, head, conversation: cut.previous, ...now },
        after: { tree: run.treeBefore, head: run.headBefore, conversation: cut.conversation, ...then },
      };
      await this.saveStates(ctx, move, states);
      return states;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /**
   * Files that were ignored may not be ignored any more, and are no part of the checkpoint. They are recorded first, so that
   * undoing brings them back, and then removed.
   * @returns why it is not possible, in words for a person
   */
  private async goBack(ctx: RequestContext, move: Move, states: RewindStates): Promise<string | null> {
    const { before, after } = states;
    try {
      const found = await this.restore(ctx, move, before.tree, after);
      if (found !== after.tree) {
        states.unignored = found;
        await this.saveStates(ctx, move, states);
        if ((await this.restore(ctx, move, found, after)) !== after.tree) return NOT_THE_SAME;
      }
      await this.runner.setConversation(move.threadId, after.conversation);
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** @returns why it is not possible, in words for a person */
  private async goForward(
    ctx: RequestContext,
    move: Move,
    { before, after, unignored }: RewindStates,
  ): Promise<string | null> {
    try {
      if (unignored !== undefined) await this.restore(ctx, move, after.tree, { ...after, tree: unignored });
      const found = await this.restore(ctx, move, unignored ?? after.tree, before);
      if (found !== before.tree) return NOT_THE_SAME;
      await this.runner.setConversation(move.threadId, before.conversation);
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** @returns the tree that the work tree then has */
  private async restore(
    ctx: RequestContext,
    { session, threadId }: Move,
    from: string,
    { tree: to, head }: SessionState,
  ): Promise<string> {
    await this.runner.restoreFiles(threadId, { from, to, head });
    return this.history.recordRestored(ctx, session.id, to);
  }

  private saveStates(ctx: RequestContext, move: Move, states: RewindStates): Promise<void> {
    const { session, rewind } = move;
    return this.change(ctx, move, (tx) =>
      tx.of(SessionEntity).update({ id: session.id }, { rewind: { ...rewind, states } }),
    );
  }

  private async settle(
    ctx: RequestContext,
    move: Move,
    status: RewindStatus,
    { failure = null, to }: { failure?: string | null; to?: SessionState },
  ): Promise<void> {
    const { session, rewind } = move;
    if (!canTransition(REWIND_TRANSITIONS, rewind.status, status))
      throw new Error(`a rewind that is ${rewind.status} cannot become ${status}`);
    const baseTree = to?.base?.tree ?? session.baseTree;
    const stat =
      to && baseTree !== null
        ? await this.history.diffStat(ctx, { sessionId: session.id, from: baseTree, to: to.tree })
        : null;
    await this.change(ctx, move, async (tx, now) => {
      const settled = { ...now.rewind, ...rewind, states: now.rewind?.states ?? null, status, failure };
      const at = new Date(rewind.at);
      if (status === 'rewound' && to) {
        const target = await tx.of(RunEntity).findOne({ where: { id: rewind.runId } });
        const since = { dispatchedAt: MoreThanOrEqual(target?.dispatchedAt ?? at) };
        await tx
          .of(RunEntity)
          .update({ sessionId: session.id, ...since, rewoundAt: IsNull() }, { rewoundAt: at });
      }
      if (status === 'undone')
        await tx.of(RunEntity).update({ sessionId: session.id, rewoundAt: at }, { rewoundAt: null });
      const base = to?.base && { baseCommit: to.base.commit, baseTree: to.base.tree };
      const moved = to ? { restoredTree: to.tree, diff: stat ?? now.diff, ...base } : {};
      await tx
        .of(SessionEntity)
        .update({ id: session.id }, { rewind: settled, updatedAt: new Date(), ...moved });
    });
  }

  /** Only if the rewind is still as it was read. */
  private async change(
    ctx: RequestContext,
    { session, rewind }: Move,
    work: (tx: TenantTransaction, session: SessionEntity) => Promise<unknown>,
  ): Promise<void> {
    await this.runs.changeIfThere(ctx, session.id, async (tx, now) => {
      if (now.rewind?.id === rewind.id && now.rewind.status === rewind.status) await work(tx, now);
    });
  }
}

/** In words for a person. @throws the error, if trying again may help */
function reasonOf(error: unknown): string {
  if (isStoreOutage(error) || !(error instanceof RunnerRefused || error instanceof ProblemError)) throw error;
  return error.detail;
}

const NOT_THE_SAME =
  'Something in the work tree cannot be put back, such as a named pipe or a broken repository in a folder. Ask Codex to remove it, then try again.';
const IN_BETWEEN = 'Some files may have changed all the same: look at the changes.';
