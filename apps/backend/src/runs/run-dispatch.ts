import { Inject, Injectable } from '@nestjs/common';
import type { StartRun } from '@saas-codex/contracts/runner-api';
import { Tracing } from '@saas-codex/service-kit/tracing/tracing';
import { IsNull } from 'typeorm';
import { CONFIG, type Config } from '../config.js';
import { LOCK, lockInTransaction } from '../database/locks.js';
import type { TenantTransaction } from '../database/tenant-database.js';
import { RunnerClient } from '../runner-client/runner-client.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import type { RequestContext } from '../identity/request-context.js';
import { History } from '../workspaces/history/history.js';
import { RunEntity } from './run.entity.js';
import { IN_FLIGHT, RunStore } from './run-store.js';
import { mayStart } from './setup-first.js';

/**
 * Hands a run over to the runner, in two steps that each may be taken again:
 *
 *     queued ── claim: workspace recorded, dispatched_at set ── hand over: POST /runs ──► the runner's
 *
 * From the claim on the run may start at any moment, so it has the workspace to itself, and only its log tells how
 * it ended.
 *
 * The runners are shared fairly: a tenant has MAX_RUNS_PER_TENANT there at most, and the queue takes each tenant's first
 * before any tenant's second.
 */
@Injectable()
export class RunDispatch {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly runs: RunStore,
    private readonly history: History,
    private readonly runner: RunnerClient,
    private readonly tracing: Tracing,
  ) {}

  /** Whether the tenant has as many runs with the runners as it may. */
  async isFull(ctx: RequestContext): Promise<boolean> {
    return (await this.runs.countInFlight(ctx)) >= this.config.MAX_RUNS_PER_TENANT;
  }

  /** @returns false when something came between: it was cancelled, or another run has the workspace. */
  async claim(ctx: RequestContext, session: SessionEntity, run: RunEntity): Promise<boolean> {
    const treeBefore = await this.treeNow(ctx, session);
    const claimed = await this.runs.changeIfThere(ctx, session.id, async (tx, now) => {
      const runs = tx.of(RunEntity);
      const busy = await runs.count(IN_FLIGHT.map((part) => ({ ...part, sessionId: session.id })));
      if (busy > 0 || now.status !== 'ready' || now.deletedAt || !mayStart(now, run)) return false;
      if (!(await this.hasRoom(tx))) return false;
      const waiting = { id: run.id, status: run.status, dispatchedAt: IsNull(), cancelRequestedAt: IsNull() };
      return (await runs.update(waiting, { dispatchedAt: new Date(), treeBefore })) === 1;
    });
    return claimed ?? false;
  }

  /** What the run may reach is what the session says now. @throws RunnerUnavailable, RunnerRefused */
  async handOver(
    ctx: RequestContext,
    session: SessionEntity,
    threadId: string,
    run: RunEntity,
  ): Promise<void> {
    const attributes = { run_id: run.id, session_id: session.id, tenant_id: session.tenantId };
    const span = this.tracing.begin('dispatch', { parent: run.traceparent, kind: 'client', attributes });
    try {
      const offer = await this.offerOf(ctx, session, threadId, run);
      const { traceparent } = span;
      await this.runner.startRun({ ...offer, ...(traceparent !== null && { traceparent }) });
      span.end();
    } catch (error) {
      span.end(error instanceof Error ? error.name : 'failed');
      throw error;
    }
  }

  private async offerOf(
    ctx: RequestContext,
    session: SessionEntity,
    threadId: string,
    run: RunEntity,
  ): Promise<StartRun> {
    return {
      runId: run.id,
      threadId,
      kind: run.kind,
      prompt: run.prompt,
      priority: await this.runs.countInFlight(ctx),
      network: (run.kind === 'setup' ? session.setup?.network : undefined) ?? session.network,
      ...(run.treeBefore !== null && { checkpoint: run.treeBefore }),
    };
  }

  /** Between runs nobody writes there: what was recorded last is what there is, and need not be looked for. */
  private async treeNow(ctx: RequestContext, session: SessionEntity): Promise<string> {
    const left = await this.runs.treeLeft(ctx, session);
    const isKnown = left !== null && (await this.history.hasCheckpoint(session.id, left));
    return isKnown ? left : this.history.takeCheckpoint(session.id);
  }

  /** One transaction of a tenant at a time, so that two do not take the same place. */
  private async hasRoom(tx: TenantTransaction): Promise<boolean> {
    await lockInTransaction(tx.manager, LOCK.tenantRuns(tx.scope.tenantId));
    return (await tx.of(RunEntity).count(IN_FLIGHT)) < this.config.MAX_RUNS_PER_TENANT;
  }
}
