import { Injectable, Logger } from '@nestjs/common';
import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import { RUN_TRANSITIONS } from '@saas-codex/contracts/runs';
import type { DiffStat } from '@saas-codex/contracts/sessions';
import { isFinal } from '@saas-codex/contracts/transitions';
import { transition } from '../database/transition.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import type { RequestContext } from '../tenants/request-context.js';
import { Workspaces } from '../workspaces/workspaces.js';
import { RunEntity } from './run.entity.js';
import { isEnded, RunStore } from './run-store.js';

/** A status that the run's log tells: from `codex:activity`, or read from the log itself. */
export type ToldStatus = Pick<
  RunStatusActivity,
  'run_id' | 'session_id' | 'status' | 'error' | 'usage' | 'at'
>;

interface Outcome {
  treeAfter: string;
  diff: DiffStat;
  sessionDiff: DiffStat;
}

/**
 * Brings what a run's log says into Postgres. The log is the truth about how a run ended: it is written first, and
 * the row follows, here, as often as somebody reports it.
 */
@Injectable()
export class RunSettling {
  private readonly logger = new Logger(RunSettling.name);

  constructor(
    private readonly runs: RunStore,
    private readonly sessions: SessionStore,
    private readonly workspaces: Workspaces,
  ) {}

  /** Applies a status; one that has been applied, or a run that is gone, is no error. */
  async apply(ctx: RequestContext, told: ToldStatus): Promise<void> {
    if (isFinal(RUN_TRANSITIONS, told.status)) await this.end(ctx, told);
    else if (told.status === 'running') await this.start(ctx, told);
  }

  private async start(ctx: RequestContext, told: ToldStatus): Promise<void> {
    const at = new Date(told.at);
    await this.runs.changeIfThere(ctx, told.session_id, async (tx, session) => {
      const row = { id: told.run_id, to: told.status, set: { startedAt: at } };
      if (!(await transition(tx, RunEntity, RUN_TRANSITIONS, row))) return;
      await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: at });
    });
  }

  private async end(ctx: RequestContext, told: ToldStatus): Promise<void> {
    const run = await this.runs.find(ctx, told.run_id);
    if (!run || isEnded(run)) return;
    const outcome = await this.outcomeOf(ctx, run);
    const at = new Date(told.at);
    await this.runs.changeIfThere(ctx, run.sessionId, async (tx, session) => {
      const { error, usage } = told;
      const set = {
        endedAt: at,
        error,
        usage,
        treeAfter: outcome?.treeAfter ?? null,
        diff: outcome?.diff ?? null,
      };
      if (!(await transition(tx, RunEntity, RUN_TRANSITIONS, { id: run.id, to: told.status, set }))) return;
      const diff = outcome?.sessionDiff ?? session.diff;
      await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: at, diff });
    });
  }

  /** Looks at the workspace before the session's next run changes it. null: the run never had the workspace. */
  private async outcomeOf(ctx: RequestContext, run: RunEntity): Promise<Outcome | null> {
    const session = await this.sessions.find(ctx, run.sessionId);
    if (run.treeBefore === null || !session || session.deletedAt || session.baseTree === null) return null;
    try {
      const treeAfter = await this.workspaces.checkpoint(ctx, session.id);
      const [diff, sessionDiff] = await Promise.all([
        this.workspaces.stat(ctx, session.id, run.treeBefore, treeAfter),
        this.workspaces.stat(ctx, session.id, session.baseTree, treeAfter),
      ]);
      return { treeAfter, diff, sessionDiff };
    } catch (error) {
      // A workspace that cannot be read must not keep the run from ending.
      this.logger.error(`run ${run.id} ended without a checkpoint: ${String(error)}`, (error as Error).stack);
      return null;
    }
  }
}
