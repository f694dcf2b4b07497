import { Inject, Injectable, Logger } from '@nestjs/common';
import type { DiffStat } from '@saas-codex/contracts/diffs';
import { isAside, isCodexRun, RUN_TRANSITIONS, type SessionBase } from '@saas-codex/contracts/runs';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import { isStoreOutage } from '@saas-codex/service-kit/store-outage';
import type { Redis } from 'ioredis';
import { expirePending } from '../approvals/approval-rows.js';
import { transition } from '../database/transition.js';
import type { RequestContext } from '../identity/request-context.js';
import { REDIS } from '../redis.module.js';
import { RunnerClient, RunnerRefused, RunnerUnavailable } from '../runner-client/runner-client.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { History } from '../workspaces/history/history.js';
import { EvidenceStore } from '../evidence/evidence-store.js';
import { CheckEvidence } from './check-evidence.js';
import { readFinalMessage, readRunLogState, type RunEnd, type RunLogState } from './run-log-state.js';
import { RunEntity } from './run.entity.js';
import { RunMetrics } from './run-metrics.js';
import { RunStore } from './run-store.js';
import { SteerDelivery } from './steers/steer-delivery.js';

/** A run's state according to its log. silent: the log is empty, so the run has not started. */
export type LogStanding = 'silent' | 'running' | 'ended';

/** The workspace after a run. */
interface Outcome {
  treeAfter: string;
  diff: DiffStat;
  sessionDiff: DiffStat;
  /** Where the session's changes begin from now on. Left out: as before. */
  base?: SessionBase;
}

/** How the backend ends a run that no runner has. */
export interface Ending {
  type: 'run.cancelled' | 'run.failed' | 'run.interrupted';
  reason: string;
}

/**
 * Transfers what a run's log says into Postgres. The log is the truth about whether a run started and how it ended. It is
 * written first, and the row follows here, however often this is repeated.
 */
@Injectable()
export class RunSettling {
  private readonly logger = new Logger(RunSettling.name);

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly logs: RunLogs,
    private readonly runs: RunStore,
    private readonly sessions: SessionStore,
    private readonly history: History,
    private readonly metrics: RunMetrics,
    private readonly steers: SteerDelivery,
    private readonly checks: CheckEvidence,
    private readonly evidence: EvidenceStore,
    private readonly runner: RunnerClient,
  ) {}

  /** Whether the run's log has ended, regardless of its row. */
  async hasEnded(runId: string): Promise<boolean> {
    return (await readRunLogState(this.redis, runId)).end !== null;
  }

  /** Updates the row of an open run from its log. */
  async catchUp(ctx: RequestContext, run: RunEntity): Promise<LogStanding> {
    const { startedAt, end } = await this.logStateOf(run);
    if (end) {
      await this.recordEnd(ctx, run, end);
      return 'ended';
    }
    if (!startedAt) return 'silent';
    if (run.status === 'queued') await this.recordStart(ctx, run, startedAt);
    return 'running';
  }

  /**
   * Ends a run that no runner has: writes the log's terminal event in the runner's place, then the row. A log that has ended
   * already keeps its own end.
   */
  async close(ctx: RequestContext, run: RunEntity, ending: Ending): Promise<void> {
    await this.logs.endLog(ownerOf(run), ending.type, { reason: ending.reason });
    await this.catchUp(ctx, run);
  }

  /** Redis may have lost the log: an empty one is refilled from the run's spool. */
  private async logStateOf(run: RunEntity): Promise<RunLogState> {
    const state = await readRunLogState(this.redis, run.id);
    if (state.startedAt) return state;
    await this.logs.refill(ownerOf(run));
    return readRunLogState(this.redis, run.id);
  }

  private async recordStart(ctx: RequestContext, run: RunEntity, at: Date): Promise<void> {
    await this.runs.changeIfThere(ctx, run.sessionId, async (tx, session) => {
      const step = { id: run.id, to: 'running', set: { startedAt: at } } as const;
      if (!(await transition(tx, RunEntity, RUN_TRANSITIONS, step))) return;
      await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: at });
    });
  }

  private async recordEnd(ctx: RequestContext, run: RunEntity, end: RunEnd): Promise<void> {
    const { status, at, reason, usage, context } = end;
    const leavesFiles = isAside(run.kind);
    const outcome = leavesFiles ? null : await this.outcomeOf(ctx, run, status === 'succeeded');
    const evidence =
      run.kind === 'check'
        ? await this.checks.of(run, await this.sessions.find(ctx, run.sessionId), end)
        : null;
    const finalMessage = isCodexRun(run.kind) ? await readFinalMessage(this.redis, run.id) : null;
    const set = {
      endedAt: at,
      error: reason,
      usage,
      context,
      finalMessage,
      treeAfter: leavesFiles ? run.treeBefore : (outcome?.treeAfter ?? null),
      diff: outcome?.diff ?? null,
    };
    const step = { id: run.id, to: status, set };
    const delivered = await this.steers.deliveredIn(ctx, run);
    await this.runs.changeIfThere(ctx, run.sessionId, async (tx, session) => {
      if (!(await transition(tx, RunEntity, RUN_TRANSITIONS, step))) return;
      await expirePending(tx, run.id);
      if (evidence) await this.evidence.insertIn(tx, evidence);
      const diff = outcome?.sessionDiff ?? session.diff;
      const base = outcome?.base && { baseCommit: outcome.base.commit, baseTree: outcome.base.tree };
      await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: at, diff, ...base });
      await this.steers.settle(tx, session, run, delivered);
      tx.afterCommit(() => this.metrics.countEnd(run.kind, step.to));
    });
  }

  /** Reads the workspace before the session's next run changes it. null: the run never had the workspace. */
  private async outcomeOf(ctx: RequestContext, run: RunEntity, isDone: boolean): Promise<Outcome | null> {
    const session = await this.sessions.find(ctx, run.sessionId);
    if (run.treeBefore === null || !session || session.deletedAt || session.baseTree === null) return null;
    try {
      const treeAfter = await this.treeAfter(ctx, session, run, isDone);
      const statFrom = (from: string) =>
        this.history.diffStat(ctx, { sessionId: session.id, from, to: treeAfter });
      const base = isDone && run.input.kind === 'edit' ? run.input.base?.to : undefined;
      const [diff, sessionDiff] = await Promise.all([
        statFrom(run.treeBefore),
        statFrom(base?.tree ?? session.baseTree),
      ]);
      return { treeAfter, diff, sessionDiff, ...(base && { base }) };
    } catch (error) {
      // The lock of the checkpoint lives in Postgres. An outage passes, and the checkpoint is taken then. So does one of the runner.
      if (isStoreOutage(error) || error instanceof RunnerUnavailable) throw error;
      // An unreadable workspace must not keep the run from ending.
      this.logger.error(`run ${run.id} ended without a checkpoint: ${String(error)}`, (error as Error).stack);
      return null;
    }
  }

  /** An edit that was cut off may have changed some files. They are put back, so that it has changed all or none. */
  private async treeAfter(
    ctx: RequestContext,
    { id, threadId }: SessionEntity,
    { input, treeBefore }: RunEntity,
    isDone: boolean,
  ): Promise<string> {
    const target = input.kind === 'edit' ? input.target : undefined;
    if (target === undefined || treeBefore === null) return this.history.takeCheckpoint(ctx, id);
    if (isDone) return this.history.recordRestored(ctx, id, target);
    const now = await this.history.takeCheckpoint(ctx, id);
    if (now === treeBefore || threadId === null) return now;
    const back = { from: target, to: treeBefore, head: null };
    await this.runner.restoreFiles(threadId, back).catch((error: unknown) => {
      if (!(error instanceof RunnerRefused)) throw error;
      this.logger.error(`an edit of session ${id} was cut off and cannot be taken back: ${error.detail}`);
    });
    return this.history.recordRestored(ctx, id, treeBefore);
  }
}

/** Why a queued run can never start; null: it still may. */
export function endingOf(session: SessionEntity, run: RunEntity): Ending | null {
  if (run.cancelRequestedAt) return { type: 'run.cancelled', reason: 'Cancelled before it started.' };
  if (session.deletedAt) return { type: 'run.cancelled', reason: 'The session was deleted.' };
  if (session.status === 'archived') return { type: 'run.cancelled', reason: 'The session was archived.' };
  if (session.status === 'failed') {
    const reason = `The session could not be set up. ${session.failureDetail ?? ''}`.trim();
    return { type: 'run.failed', reason };
  }
  return null;
}

const ownerOf = (run: RunEntity) => ({ runId: run.id, sessionId: run.sessionId, tenantId: run.tenantId });
