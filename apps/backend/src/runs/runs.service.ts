import { Injectable } from '@nestjs/common';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { PromptSession, Run, RunPage } from '@saas-codex/contracts/runs';
import type { SessionStatus } from '@saas-codex/contracts/sessions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { IsNull } from 'typeorm';
import type { TenantTransaction } from '../database/tenant-database.js';
import { waitAtMost } from '../reconcile/wait-at-most.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunEntity } from './run.entity.js';
import { type NewRun, RunQueueing } from './run-queueing.js';
import { RunReconciler } from './run-reconciler.js';
import { RunSettling } from './run-settling.js';
import { isEnded, OPEN, RunStore } from './run-store.js';
import { toRun } from './run-view.js';

/**
 * How long an answer waits for what can be done at once. A read waits until the row has followed its log, and a cancel
 * until a run that had not started has ended.
 */
const WAIT_MS = { read: 1_000, cancel: 2_000 };

/** Why a session takes no run; null: it takes them. */
const REFUSALS: Record<SessionStatus, [ProblemCode, string] | null> = {
  provisioning: null,
  ready: null,
  failed: ['session_failed', 'Its failure says why. Make a new session.'],
  archived: ['session_archived', 'Make a new session to go on.'],
};

@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunStore,
    private readonly settling: RunSettling,
    private readonly reconciler: RunReconciler,
    private readonly queueing: RunQueueing,
  ) {}

  /** Queues a prompt behind those that the session has. @throws ProblemError session_failed, session_archived */
  prompt(ctx: RequestContext, sessionId: string, body: PromptSession): Promise<Run> {
    return this.queue(ctx, sessionId, async () => ({ kind: 'prompt', prompt: body.prompt }));
  }

  /**
   * Queues the session's setup script once more; prompts wait until it has succeeded.
   * @throws ProblemError setup_missing, setup_in_progress, session_failed, session_archived
   */
  setup(ctx: RequestContext, sessionId: string): Promise<Run> {
    return this.queue(ctx, sessionId, async (tx, { setup }) => {
      if (setup === null) throw new ProblemError('setup_missing', 'Give the session a setup script first.');
      const open = await tx.of(RunEntity).count({ sessionId, kind: 'setup', status: OPEN });
      if (open > 0) {
        throw new ProblemError('setup_in_progress', 'Cancel its run first, or wait until it has ended.');
      }
      return { kind: 'setup', prompt: setup.script };
    });
  }

  list(ctx: RequestContext, sessionId: string, query: PageQuery): Promise<RunPage> {
    return this.runs.list(ctx, sessionId, query);
  }

  /** Whoever has seen the end of a run's events sees the run ended here, too. */
  async read(ctx: RequestContext, id: string): Promise<Run> {
    const run = await this.runs.get(ctx, id);
    if (isEnded(run)) return toRun(run);
    await waitAtMost(WAIT_MS.read, this.settle(run));
    return toRun(await this.runs.get(ctx, id));
  }

  /** Records that the run is to end; what has not started has ended in the answer. @throws ProblemError run_ended */
  async cancel(ctx: RequestContext, id: string): Promise<Run> {
    const { sessionId } = await this.runs.get(ctx, id);
    await this.runs.change(ctx, sessionId, async (tx) => {
      const runs = tx.of(RunEntity);
      const run = await runs.findOne({ where: { id } });
      if (!run || isEnded(run)) throw new ProblemError('run_ended', 'There is nothing left to cancel.');
      await runs.update({ id, cancelRequestedAt: IsNull() }, { cancelRequestedAt: new Date() });
    });
    await waitAtMost(WAIT_MS.cancel, this.reconciler.kick({ tenantId: ctx.tenantId, sessionId }));
    return this.read(ctx, id);
  }

  /** @param runOf says what to queue, or why not */
  private async queue(
    ctx: RequestContext,
    sessionId: string,
    runOf: (tx: TenantTransaction, session: SessionEntity) => Promise<Omit<NewRun, 'id'>>,
  ): Promise<Run> {
    const run = await this.runs.change(ctx, sessionId, async (tx, session) => {
      const made = await this.madeBefore(ctx, tx, session);
      if (made) return made;
      const refusal = REFUSALS[session.status];
      if (refusal) throw new ProblemError(...refusal);
      const id = ctx.idempotentId;
      return this.queueing.enqueue(ctx, tx, session, { id, ...(await runOf(tx, session)) });
    });
    this.queueing.tell(run);
    void this.reconciler.kick({ tenantId: run.tenantId, sessionId });
    return toRun(run);
  }

  /** Lets a run end that has ended in its log. Without Redis nobody has seen that, and the row is as good as any. */
  private async settle(run: RunEntity): Promise<void> {
    const ended = await this.settling.hasEnded(run.id).catch(() => false);
    if (ended) await this.reconciler.kick({ tenantId: run.tenantId, sessionId: run.sessionId });
  }

  /** What an earlier attempt at the same request has queued. */
  private async madeBefore(
    { idempotentId: id }: RequestContext,
    tx: TenantTransaction,
    { id: sessionId }: SessionEntity,
  ): Promise<RunEntity | null> {
    return id === undefined ? null : tx.of(RunEntity).findOne({ where: { id, sessionId } });
  }
}
