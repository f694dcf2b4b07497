import { Injectable } from '@nestjs/common';
import type { RunKind } from '@saas-codex/contracts/runs';
import type { TenantTransaction } from '../database/tenant-database.js';
import { uuidV7 } from '../database/uuid-v7.js';
import { ActivityPublisher } from '../sessions/activity-publisher.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { titleFromPrompt } from '../sessions/session-title.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunEntity } from './run.entity.js';

export interface NewRun {
  /** Left out: a new one. */
  id?: string | undefined;
  kind: RunKind;
  prompt: string;
}

/** Puts runs behind those that their session has. */
@Injectable()
export class RunQueueing {
  constructor(private readonly activity: ActivityPublisher) {}

  /** For a transaction that holds the session's row, and lets it tell about its runs (see RunStore). */
  async enqueue(
    ctx: RequestContext,
    tx: TenantTransaction,
    session: SessionEntity,
    { id = uuidV7(), kind, prompt }: NewRun,
  ): Promise<RunEntity> {
    const now = new Date();
    const runs = tx.of(RunEntity);
    const last = await runs.findOne({ where: { sessionId: session.id }, order: { ordinal: 'DESC' } });
    const title = await this.titleWith(tx, session, { kind, prompt });
    await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: now, title });
    return runs.insert({
      id,
      sessionId: session.id,
      ordinal: (last?.ordinal ?? 0) + 1,
      createdBy: actorId(ctx.actor),
      kind,
      prompt,
      status: 'queued',
      traceparent: ctx.traceparent ?? null,
      createdAt: now,
    });
  }

  /** Once the transaction is committed. */
  tell(run: RunEntity): void {
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

  /** The first prompt names a session that nobody has named. */
  private async titleWith(tx: TenantTransaction, session: SessionEntity, run: NewRun): Promise<string> {
    if (run.kind !== 'prompt' || session.titleGiven) return session.title;
    const earlier = await tx.of(RunEntity).count({ sessionId: session.id, kind: 'prompt' });
    return earlier > 0 ? session.title : titleFromPrompt(run.prompt);
  }
}
