import { Inject, Injectable, Logger } from '@nestjs/common';
import { RUN_TRANSITIONS } from '@saas-codex/contracts/runs';
import type { DiffStat } from '@saas-codex/contracts/diffs';
import { isStoreOutage } from '@saas-codex/service-kit/store-outage';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Redis } from 'ioredis';
import { transition } from '../database/transition.js';
import { REDIS } from '../redis.module.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import type { RequestContext } from '../identity/request-context.js';
import { History } from '../workspaces/history/history.js';
import { readRunLogState, type RunEnd, type RunLogState } from './run-log-state.js';
import { RunEntity } from './run.entity.js';
import { RunMetrics } from './run-metrics.js';
import { RunStore } from './run-store.js';

/** How a run stands in its log. silent: the log is empty. */
export type LogStanding = 'silent' | 'running' | 'ended';

interface Outcome {
  treeAfter: string;
  diff: DiffStat;
  sessionDiff: DiffStat;
}

/**
 * Brings what a run's log says into Postgres. The log is the truth about whether a run started and how it ended: it
 * is written first, and the row follows here, as often as somebody looks.
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
  ) {}

  /** What the log says, whatever the row says. */
  async hasEnded(runId: string): Promise<boolean> {
    return (await readRunLogState(this.redis, runId)).end !== null;
  }

  /** Lets the row of an open run follow its log. @returns how the run stands there. */
  async catchUp(ctx: RequestContext, run: RunEntity): Promise<LogStanding> {
    const { startedAt, end } = await this.stateOf(run);
    if (end) {
      await this.end(ctx, run, end);
      return 'ended';
    }
    if (!startedAt) return 'silent';
    if (run.status === 'queued') await this.start(ctx, run, startedAt);
    return 'running';
  }

  /** An empty log may be one that Redis has lost. */
  private async stateOf(run: RunEntity): Promise<RunLogState> {
    const state = await readRunLogState(this.redis, run.id);
    if (state.startedAt) return state;
    await this.logs.refill({ runId: run.id, sessionId: run.sessionId, tenantId: run.tenantId });
    return readRunLogState(this.redis, run.id);
  }

  private async start(ctx: RequestContext, run: RunEntity, at: Date): Promise<void> {
    await this.runs.changeIfThere(ctx, run.sessionId, async (tx, session) => {
      const step = { id: run.id, to: 'running', set: { startedAt: at } } as const;
      if (!(await transition(tx, RunEntity, RUN_TRANSITIONS, step))) return;
      await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: at });
    });
  }

  private async end(
    ctx: RequestContext,
    run: RunEntity,
    { status, at, reason, usage }: RunEnd,
  ): Promise<void> {
    const outcome = await this.outcomeOf(ctx, run);
    const set = {
      endedAt: at,
      error: reason,
      usage,
      treeAfter: outcome?.treeAfter ?? null,
      diff: outcome?.diff ?? null,
    };
    const step = { id: run.id, to: status, set };
    const ended = await this.runs.changeIfThere(ctx, run.sessionId, async (tx, session) => {
      if (!(await transition(tx, RunEntity, RUN_TRANSITIONS, step))) return false;
      const diff = outcome?.sessionDiff ?? session.diff;
      await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: at, diff });
      return true;
    });
    if (ended) this.metrics.countEnd(run.kind, step.to);
  }

  /** Looks at the workspace before the session's next run changes it. null: the run never had the workspace. */
  private async outcomeOf(ctx: RequestContext, run: RunEntity): Promise<Outcome | null> {
    const session = await this.sessions.find(ctx, run.sessionId);
    if (run.treeBefore === null || !session || session.deletedAt || session.baseTree === null) return null;
    try {
      const treeAfter = await this.history.takeCheckpoint(session.id);
      const [diff, sessionDiff] = await Promise.all([
        this.history.diffStat(session.id, run.treeBefore, treeAfter),
        this.history.diffStat(session.id, session.baseTree, treeAfter),
      ]);
      return { treeAfter, diff, sessionDiff };
    } catch (error) {
      // The lock of the checkpoint lives in Postgres. An outage passes, and the checkpoint is taken then.
      if (isStoreOutage(error)) throw error;
      // A workspace that cannot be read must not keep the run from ending.
      this.logger.error(`run ${run.id} ended without a checkpoint: ${String(error)}`, (error as Error).stack);
      return null;
    }
  }
}
