import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { RewindSession } from '@saas-codex/contracts/rewinds';
import type { Session } from '@saas-codex/contracts/sessions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { RequestAudit } from '../audit/request-audit.js';
import { baseOf } from '../changes/session-trees.js';
import type { TenantTransaction } from '../database/tenant-database.js';
import { authorOf } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { waitAtMost } from '../reconcile/wait-at-most.js';
import { holdQueue } from '../runs/queue-hold.js';
import { RunEntity } from '../runs/run.entity.js';
import { isEnded, RunStore } from '../runs/run-store.js';
import { RunsPort } from '../sessions/runs-port.js';
import { auditedTitle } from '../sessions/session-audit.js';
import { type Rewind, SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { History } from '../workspaces/history/history.js';
import { RewindReconciler } from './rewind-reconciler.js';

/** How long a response waits. On timeout the work continues. */
const WAIT_MS = 15_000;

@Injectable()
export class RewindsService {
  constructor(
    private readonly runs: RunStore,
    private readonly port: RunsPort,
    private readonly sessions: SessionStore,
    private readonly history: History,
    private readonly reconciler: RewindReconciler,
    private readonly audit: RequestAudit,
  ) {}

  /**
   * Takes files and conversation back to before a run. Prompts that wait are held: they were written for another state.
   * @throws ProblemError session_not_found, session_busy, session_archived, run_not_found, not_rewindable; and those of `baseOf`
   */
  async rewind(
    ctx: RequestContext,
    sessionId: string,
    { run_id: runId }: RewindSession,
    respondAsync = false,
  ): Promise<Session> {
    return this.begin(ctx, sessionId, respondAsync, async (tx, session) => {
      if (session.rewind !== null && session.rewind.id === ctx.idempotentId) return null;
      await this.requireStill(tx, session);
      const run = await tx.of(RunEntity).findOne({ where: { id: runId, sessionId } });
      if (!run) throw new ProblemError('run_not_found', 'Choose a run of this session.');
      await this.requireRewindable(run);
      await holdQueue(tx, sessionId);
      return {
        id: ctx.idempotentId ?? randomUUID(),
        runId,
        status: 'rewinding',
        by: authorOf(ctx.actor),
        at: new Date().toISOString(),
        failure: null,
        states: null,
      };
    });
  }

  /**
   * Takes files and conversation forward again to where they were.
   * @throws ProblemError session_not_found, session_busy, session_archived, nothing_to_undo; and those of `baseOf`
   */
  async undo(ctx: RequestContext, sessionId: string, respondAsync = false): Promise<Session> {
    return this.begin(ctx, sessionId, respondAsync, async (tx, session) => {
      const { rewind } = session;
      if (rewind?.status === 'undoing') return null;
      await this.requireStill(tx, session);
      if (rewind?.status !== 'rewound')
        throw new ProblemError('nothing_to_undo', 'A run has started since, or it was undone already.');
      await holdQueue(tx, sessionId);
      return { ...rewind, status: 'undoing', failure: null };
    });
  }

  /** @param next null: it was begun before */
  private async begin(
    ctx: RequestContext,
    sessionId: string,
    respondAsync: boolean,
    next: (tx: TenantTransaction, session: SessionEntity) => Promise<Rewind | null>,
  ): Promise<Session> {
    await this.runs.change(ctx, sessionId, async (tx, session) => {
      const rewind = await next(tx, session);
      if (rewind === null) return this.audit.recordedBefore(ctx);
      await tx.of(SessionEntity).update({ id: sessionId }, { rewind, updatedAt: new Date() });
      await this.audit.recordIn(tx, ctx, { target: { id: sessionId, name: auditedTitle(session) } });
    });
    const settled = this.reconciler.kick({ tenantId: ctx.tenantId, sessionId });
    if (!respondAsync) await waitAtMost(WAIT_MS, settled);
    const session = await this.sessions.get(ctx, sessionId);
    const { failure } = session.rewind ?? { failure: null };
    if (failure !== null) throw new ProblemError('not_rewindable', failure);
    return this.sessions.view(session);
  }

  /** @throws ProblemError when a run works, or there are no files */
  private async requireStill(tx: TenantTransaction, session: SessionEntity): Promise<void> {
    baseOf(session);
    if (session.status !== 'ready') throw new ProblemError('session_archived', 'Unarchive it first.');
    await this.port.refuseWhenBusy(tx, session);
  }

  private async requireRewindable(run: RunEntity): Promise<void> {
    if (run.kind !== 'prompt') throw refused('Choose a prompt: a setup script cannot be taken back.');
    if (run.rewoundAt !== null) throw refused('It is before this run already.');
    if (!isEnded(run) || run.treeBefore === null)
      throw refused('The run never had the files. Remove the prompt from the queue instead.');
    if (!(await this.history.hasCheckpoint(run.sessionId, run.treeBefore)))
      throw refused('The files of before are no longer there. Choose a later run.');
  }
}

const refused = (detail: string) => new ProblemError('not_rewindable', detail);
