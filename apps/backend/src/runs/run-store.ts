import { Injectable } from '@nestjs/common';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import { RUN_STATUSES, RUN_TRANSITIONS, type RunPage } from '@saas-codex/contracts/runs';
import { isFinal } from '@saas-codex/contracts/transitions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RunLogOwner } from '@saas-codex/event-log/run-log/run-log-entry';
import { In, IsNull, LessThan, Not, type FindOptionsWhere } from 'typeorm';
import { z } from 'zod';
import { Batched } from '../database/batched.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import type { SessionEntity, SessionRef } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunEntity } from './run.entity.js';
import { toRun } from './run-view.js';
import { HELD } from './setup-first.js';

export const isEnded = (run: Pick<RunEntity, 'status'>) => isFinal(RUN_TRANSITIONS, run.status);

/** The status of a run that has not ended. */
export const OPEN = In(RUN_STATUSES.filter((status) => !isEnded({ status })));

/** The runner has the run: the same condition as of the index `runs_one_in_flight`. */
export const IN_FLIGHT: FindOptionsWhere<RunEntity>[] = [
  { status: 'running' },
  { status: 'queued', dispatchedAt: Not(IsNull()) },
];

/** What a session's row tells about its runs. */
const TELL_SESSION = `
  UPDATE sessions SET
    active_run_id = (SELECT id FROM runs WHERE tenant_id = $1 AND session_id = $2 AND status = 'running'),
    queued_runs = (SELECT count(*) FROM runs WHERE tenant_id = $1 AND session_id = $2 AND status = 'queued'),
    setup_status = (SELECT status FROM runs WHERE tenant_id = $1 AND session_id = $2 AND kind = 'setup'
                     ORDER BY ordinal DESC LIMIT 1)
  WHERE tenant_id = $1 AND id = $2`;

const LONGEST_WAITING = `
  SELECT r.session_id AS "sessionId" FROM runs r JOIN sessions s ON s.id = r.session_id
   WHERE r.tenant_id = $1 AND s.tenant_id = $1 AND s.active_run_id IS NULL
     AND s.status = 'ready' AND s.deleted_at IS NULL
     AND r.status = 'queued' AND r.dispatched_at IS NULL AND NOT (${HELD})
   ORDER BY r.created_at LIMIT 1`;

/** Those of a tenant's runs that exist, with their sessions. */
const PRESENT = `
  SELECT r.tenant_id AS "tenantId", r.id AS "runId", r.session_id AS "sessionId"
    FROM runs r JOIN sessions s ON s.tenant_id = r.tenant_id AND s.id = r.session_id
   WHERE r.tenant_id = $1 AND r.id = ANY($2::uuid[]) AND s.deleted_at IS NULL`;

/** A run as its tenant names it. */
type RunRef = Pick<RunLogOwner, 'tenantId' | 'runId'>;

const keyOf = ({ tenantId, runId }: RunRef): string => `${tenantId} ${runId}`;

type Work<T> = (tx: TenantTransaction, session: SessionEntity) => Promise<T>;

/** Reads and changes runs. Changes go through the session, whose row is their lock (see SessionStore). */
@Injectable()
export class RunStore {
  private readonly present = new Batched((runs: RunRef[]) => this.ownersOf(runs));

  constructor(
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
  ) {}

  /** @throws ProblemError run_not_found, also for a run of a session that is being deleted */
  async get(ctx: RequestContext, id: string): Promise<RunEntity> {
    const run = await this.find(ctx, id);
    const session = run && (await this.sessions.find(ctx, run.sessionId));
    if (run && session && !session.deletedAt) return run;
    throw notFound();
  }

  /**
   * The check of `get` alone, for clients that connect to a run's stream. Checks that come at the same time share one
   * transaction per tenant.
   * @throws ProblemError run_not_found
   */
  async require({ tenantId }: RequestContext, id: string): Promise<RunLogOwner> {
    const owner = await this.present.ask({ tenantId, runId: id });
    if (!owner) throw notFound();
    return owner;
  }

  private async ownersOf(runs: RunRef[]): Promise<(RunLogOwner | undefined)[]> {
    const tenantIds = [...new Set(runs.map(({ tenantId }) => tenantId))];
    const perTenant = await Promise.all(
      tenantIds.map((tenantId) => {
        const ids = runs.filter((run) => run.tenantId === tenantId).map(({ runId }) => runId);
        return this.db.run({ tenantId }, (tx) => tx.manager.query<RunLogOwner[]>(PRESENT, [tenantId, ids]));
      }),
    );
    const owners = new Map(perTenant.flat().map((owner) => [keyOf(owner), owner]));
    return runs.map((run) => owners.get(keyOf(run)));
  }

  find(ctx: RequestContext, id: string): Promise<RunEntity | null> {
    return this.db.run(ctx, (tx) => tx.of(RunEntity).findOne({ where: { id } }));
  }

  /** The session's runs, newest first. @throws ProblemError session_not_found, invalid_cursor */
  async list(ctx: RequestContext, sessionId: string, query: PageQuery): Promise<RunPage> {
    await this.sessions.get(ctx, sessionId);
    const before = decodeCursor(query.cursor, z.int32());
    const rows = await this.db.run(ctx, (tx) =>
      tx.of(RunEntity).find({
        where: { sessionId, ...(before !== undefined && { ordinal: LessThan(before) }) },
        order: { ordinal: 'DESC' },
        take: query.limit + 1,
      }),
    );
    return toPage(rows, query.limit, (row) => row.ordinal, toRun);
  }

  /** The session's runs that have not ended, in order. */
  open(ctx: RequestContext, sessionId: string): Promise<RunEntity[]> {
    return this.db.run(ctx, (tx) =>
      tx.of(RunEntity).find({ where: { sessionId, status: OPEN }, order: { ordinal: 'ASC' } }),
    );
  }

  /**
   * The workspace as the last run that had it left it, or as the session began; null: that is not known for sure, since its
   * runner did not end it, or could not read the workspace.
   */
  async treeLeft(ctx: RequestContext, session: SessionEntity): Promise<string | null> {
    const last = await this.db.run(ctx, (tx) =>
      tx.of(RunEntity).findOne({
        where: { sessionId: session.id, treeBefore: Not(IsNull()) },
        // Not by their place: a setup goes before the prompts that wait.
        order: { dispatchedAt: 'DESC' },
      }),
    );
    if (!last) return session.baseTree;
    return last.status === 'succeeded' || last.status === 'failed' ? last.treeAfter : null;
  }

  /** Changes runs of a session in one transaction. @throws ProblemError session_not_found, and what `work` throws */
  change<T>(ctx: RequestContext, sessionId: string, work: Work<T>): Promise<T> {
    return this.sessions.change(ctx, sessionId, telling(work));
  }

  /** As `change`, for background work: also on a session that is being deleted; null when there is none any more. */
  changeIfThere<T>(ctx: RequestContext, sessionId: string, work: Work<T>): Promise<T | null> {
    return this.sessions.changeIfThere(ctx, sessionId, telling(work));
  }

  /** How many of the tenant's runs the runners have. */
  countInFlight(ctx: RequestContext): Promise<number> {
    return this.db.run(ctx, (tx) => tx.of(RunEntity).count(IN_FLIGHT));
  }

  /** The tenant's session whose next run has waited longest for a place with the runners. */
  async longestWaiting({ tenantId }: RequestContext): Promise<SessionRef | null> {
    const rows = await this.db.run({ tenantId }, (tx) =>
      tx.manager.query<{ sessionId: string }[]>(LONGEST_WAITING, [tenantId]),
    );
    return rows[0] ? { tenantId, sessionId: rows[0].sessionId } : null;
  }

  async remove(ctx: RequestContext, sessionId: string): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(RunEntity).delete({ sessionId }));
  }

  async idsOf(ctx: RequestContext, sessionId: string): Promise<string[]> {
    const runs = await this.db.run(ctx, (tx) =>
      tx.of(RunEntity).find({ where: { sessionId }, select: { id: true } }),
    );
    return runs.map((run) => run.id);
  }
}

const notFound = () => new ProblemError('run_not_found', 'It may have been deleted with its session.');

/** Lets the session's row tell about its runs, in the transaction that changes them. */
export const telling =
  <T>(work: Work<T>): Work<T> =>
  async (tx, session) => {
    const answer = await work(tx, session);
    await tx.manager.query(TELL_SESSION, [tx.scope.tenantId, session.id]);
    return answer;
  };
