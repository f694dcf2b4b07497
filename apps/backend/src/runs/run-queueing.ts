import { Injectable } from '@nestjs/common';
import type { RunInput } from '@saas-codex/contracts/runs';
import { v7 as uuidV7 } from 'uuid';
import type { TenantTransaction } from '../database/tenant-database.js';
import type { RequestContext } from '../identity/request-context.js';
import { ActivityPublisher } from '../sessions/activity-publisher.js';
import { SessionReads } from '../sessions/session-reads.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { titleFromPrompt } from '../sessions/session-title.js';
import { actorId, authorOf } from '../identity/actor.js';
import { RunEntity } from './run.entity.js';

export interface NewRun {
  /** Default: a new id. */
  id?: string | undefined;
  input: RunInput;
  /** W3C traceparent of the request that queues it. */
  traceparent?: string | null;
}

/** Who wrote a prompt, as its row says. */
export type RunAuthor = Pick<RunEntity, 'createdBy' | 'author'>;

/** Adds runs to the end of their session's queue. */
@Injectable()
export class RunQueueing {
  constructor(
    private readonly activity: ActivityPublisher,
    private readonly reads: SessionReads,
  ) {}

  /** For a transaction that has locked the session's row, and updates the session's run summary (see RunStore). */
  async enqueue(
    ctx: RequestContext,
    tx: TenantTransaction,
    session: SessionEntity,
    run: NewRun,
  ): Promise<RunEntity> {
    const by = { createdBy: actorId(ctx.actor), author: authorOf(ctx.actor) };
    const traced = { ...run, traceparent: ctx.traceparent ?? null };
    const queued = await this.enqueueFor(by, tx, session, traced);
    await this.reads.follow(tx, ctx, session.id);
    return queued;
  }

  /** As `enqueue`, for somebody who wrote the prompt earlier. */
  async enqueueFor(
    by: RunAuthor,
    tx: TenantTransaction,
    session: SessionEntity,
    { id = uuidV7(), input, traceparent = null }: NewRun,
  ): Promise<RunEntity> {
    const now = new Date();
    const runs = tx.of(RunEntity);
    const last = await runs.findOne({ where: { sessionId: session.id }, order: { ordinal: 'DESC' } });
    const title = await this.titleWith(tx, session, input);
    await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: now, title });
    const run = await runs.insert({
      id,
      sessionId: session.id,
      ordinal: (last?.ordinal ?? 0) + 1,
      ...by,
      input,
      status: 'queued',
      traceparent,
      createdAt: now,
    });
    tx.afterCommit(() => this.publish(run));
    return run;
  }

  private publish(run: RunEntity): void {
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

  /** The first prompt names a session that no person has named. */
  private async titleWith(tx: TenantTransaction, session: SessionEntity, input: RunInput): Promise<string> {
    if (input.kind !== 'prompt' || session.titleGiven) return session.title;
    const earlier = await tx.of(RunEntity).count({ sessionId: session.id, kind: 'prompt' });
    return earlier > 0 ? session.title : titleFromPrompt(input.prompt);
  }
}
