import { Inject, Injectable } from '@nestjs/common';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { RunInConversation } from '@saas-codex/contracts/runner-api';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Redis } from 'ioredis';
import { IsNull } from 'typeorm';
import type { TenantTransaction } from '../database/tenant-database.js';
import type { RequestContext } from '../identity/request-context.js';
import { REDIS } from '../redis.module.js';
import { RunsPort } from '../sessions/runs-port.js';
import { isMoving, type SessionEntity, type SessionRef } from '../sessions/session.entity.js';
import { resumeQueue } from './queue-hold.js';
import { cancelledBy, RunEntity } from './run.entity.js';
import { RunQueueing } from './run-queueing.js';
import { RunReconciler } from './run-reconciler.js';
import { IN_FLIGHT, isInFlight, OPEN, RunStore, updateRunSummary } from './run-store.js';
import { RunTurns } from './run-turns.js';

/** Implements what sessions need from runs. */
@Injectable()
export class RunsPortAdapter extends RunsPort {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly logs: RunLogs,
    private readonly runs: RunStore,
    private readonly turns: RunTurns,
    private readonly queueing: RunQueueing,
    private readonly reconciler: RunReconciler,
  ) {
    super();
  }

  async refuseWhenBusy(tx: TenantTransaction, session: SessionEntity): Promise<void> {
    if (isMoving(session)) throw new ProblemError('session_busy', 'Wait until it has gone back.');
    const busy = await tx.of(RunEntity).count(IN_FLIGHT.map((part) => ({ ...part, sessionId: session.id })));
    if (busy > 0) throw new ProblemError('session_busy', 'Cancel its run, or wait until it has ended.');
  }

  async queueSetup(ctx: RequestContext, tx: TenantTransaction, session: SessionEntity): Promise<void> {
    if (session.setup === null) return;
    const input = { kind: 'setup', script: session.setup.script } as const;
    await this.queueing.enqueue(ctx, tx, session, { input });
    await updateRunSummary(tx, session.id);
  }

  async cancelSetup({ actor }: RequestContext, tx: TenantTransaction, session: SessionEntity): Promise<void> {
    const open = { sessionId: session.id, kind: 'setup', status: OPEN, cancelRequestedAt: IsNull() } as const;
    await tx.of(RunEntity).update(open, cancelledBy(actor));
  }

  async resumeQueue(tx: TenantTransaction, session: SessionEntity): Promise<void> {
    await resumeQueue(tx, session.id);
    await updateRunSummary(tx, session.id);
  }

  async turnsAfter(ctx: RequestContext, runId: string): Promise<RunInConversation[] | null> {
    const run = await this.runs.get(ctx, runId);
    if ((await this.runs.open(ctx, run.sessionId)).some(isInFlight)) return null;
    return this.turns.after(ctx, run);
  }

  kick(ref: SessionRef): void {
    void this.reconciler.kick(ref);
  }

  async haveEnded(ctx: RequestContext, sessionId: string): Promise<boolean> {
    return (await this.runs.open(ctx, sessionId)).length === 0;
  }

  async remove(ctx: RequestContext, sessionId: string): Promise<void> {
    const ids = await this.runs.idsOf(ctx, sessionId);
    const { tenantId } = ctx;
    await Promise.all(ids.map((runId) => this.logs.removeLog({ runId, sessionId, tenantId })));
    if (ids.length > 0) await this.redis.unlink(ids.map((id) => REDIS_KEYS.runInbox(id)));
    await this.runs.remove(ctx, sessionId);
  }
}
