import { Injectable } from '@nestjs/common';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { PromptSession, Run, RunPage } from '@saas-codex/contracts/runs';
import type { SessionStatus } from '@saas-codex/contracts/sessions';
import { ProblemError } from '@saas-codex/platform/problem';
import { IsNull } from 'typeorm';
import type { TenantTransaction } from '../database/tenant-database.js';
import { uuidV7 } from '../database/uuid-v7.js';
import { ActivityPublisher } from '../sessions/activity-publisher.js';
import { within } from '../sessions/patience.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { titleFromPrompt } from '../sessions/session-title.js';
import type { RequestContext } from '../tenants/request-context.js';
import { RunEntity } from './run.entity.js';
import { RunKeeper } from './run-keeper.js';
import { RunSettling } from './run-settling.js';
import { isEnded, RunStore } from './run-store.js';
import { toRun } from './run-view.js';

/**
 * How long an answer waits for what can be done at once: for a read, that the row follows its log; for a cancel,
 * that a run which had not started is ended.
 */
const PATIENCE_MS = { read: 1_000, cancel: 2_000 };

/** Why a session takes no prompt; null: it takes them. */
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
    private readonly keeper: RunKeeper,
    private readonly activity: ActivityPublisher,
  ) {}

  /** Queues a prompt behind those that the session has. @throws ProblemError session_failed, session_archived */
  async prompt(ctx: RequestContext, sessionId: string, body: PromptSession): Promise<Run> {
    const run = await this.runs.change(ctx, sessionId, async (tx, session) => {
      const made = await this.madeBefore(ctx, tx, session);
      if (made) return made;
      const refusal = REFUSALS[session.status];
      if (refusal) throw new ProblemError(...refusal);
      return this.enqueue(ctx, tx, session, body.prompt);
    });
    this.tellQueued(run);
    void this.keeper.keep({ tenantId: run.tenantId, sessionId });
    return toRun(run);
  }

  list(ctx: RequestContext, sessionId: string, query: PageQuery): Promise<RunPage> {
    return this.runs.list(ctx, sessionId, query);
  }

  /** Whoever has seen the end of a run's events sees the run ended here, too. */
  async read(ctx: RequestContext, id: string): Promise<Run> {
    const run = await this.runs.get(ctx, id);
    if (isEnded(run)) return toRun(run);
    await within(PATIENCE_MS.read, this.settle(run));
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
    await within(PATIENCE_MS.cancel, this.keeper.keep({ tenantId: ctx.tenantId, sessionId }));
    return this.read(ctx, id);
  }

  /** Lets a run end that has ended in its log. Without Redis nobody has seen that, and the row is as good as any. */
  private async settle(run: RunEntity): Promise<void> {
    const ended = await this.settling.hasEnded(run.id).catch(() => false);
    if (ended) await this.keeper.keep({ tenantId: run.tenantId, sessionId: run.sessionId });
  }

  /** What an earlier attempt at the same request has queued. */
  private async madeBefore(
    { idempotentId: id }: RequestContext,
    tx: TenantTransaction,
    { id: sessionId }: SessionEntity,
  ): Promise<RunEntity | null> {
    return id === undefined ? null : tx.of(RunEntity).findOne({ where: { id, sessionId } });
  }

  private async enqueue(
    ctx: RequestContext,
    tx: TenantTransaction,
    session: SessionEntity,
    prompt: string,
  ): Promise<RunEntity> {
    const now = new Date();
    const last = await tx
      .of(RunEntity)
      .findOne({ where: { sessionId: session.id }, order: { ordinal: 'DESC' } });
    const title = last || session.titleGiven ? session.title : titleFromPrompt(prompt);
    await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: now, title });
    return tx.of(RunEntity).insert({
      id: ctx.idempotentId ?? uuidV7(),
      sessionId: session.id,
      ordinal: (last?.ordinal ?? 0) + 1,
      createdBy: ctx.userId,
      prompt,
      status: 'queued',
      createdAt: now,
    });
  }

  private tellQueued(run: RunEntity): void {
    this.activity.publish({
      v: 1,
      type: 'run.status',
      tenant_id: run.tenantId,
      session_id: run.sessionId,
      run_id: run.id,
      at: run.createdAt.toISOString(),
      status: 'queued',
      error: null,
      usage: null,
    });
  }
}
