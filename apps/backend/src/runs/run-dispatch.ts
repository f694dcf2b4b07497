import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { RunnerClient } from '../runner-client/runner-client.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import type { RequestContext } from '../tenants/request-context.js';
import { Workspaces } from '../workspaces/workspaces.js';
import { RunEntity } from './run.entity.js';
import { IN_FLIGHT, RunStore } from './run-store.js';

/**
 * Hands a run over to the runner, in two steps that each may be taken again:
 *
 *     queued ── claim: workspace recorded, dispatched_at set ── hand over: POST /runs ──► the runner's
 *
 * From the claim on the run may start at any moment, so it has the workspace to itself, and only its log tells how
 * it ended.
 */
@Injectable()
export class RunDispatch {
  constructor(
    private readonly runs: RunStore,
    private readonly workspaces: Workspaces,
    private readonly runner: RunnerClient,
  ) {}

  /** @returns the claimed run; null when something came between: it was cancelled, or another run has the workspace. */
  async claim(ctx: RequestContext, session: SessionEntity, run: RunEntity): Promise<RunEntity | null> {
    const treeBefore = await this.workspaces.checkpoint(ctx, session.id);
    return this.runs.changeIfThere(ctx, session.id, async (tx, now) => {
      const runs = tx.of(RunEntity);
      const busy = await runs.count(IN_FLIGHT.map((part) => ({ ...part, sessionId: session.id })));
      if (busy > 0 || now.status !== 'ready' || now.deletedAt) return null;
      const waiting = { id: run.id, status: run.status, dispatchedAt: IsNull(), cancelRequestedAt: IsNull() };
      const claimed = await runs.update(waiting, { dispatchedAt: new Date(), treeBefore });
      return claimed === 1 ? runs.findOne({ where: { id: run.id } }) : null;
    });
  }

  /** @throws RunnerUnavailable, RunnerRefused */
  async handOver(threadId: string, run: RunEntity): Promise<void> {
    await this.runner.startRun({
      runId: run.id,
      threadId,
      prompt: run.prompt,
      ...(run.treeBefore !== null && { checkpoint: run.treeBefore }),
    });
  }
}
