import { Injectable } from '@nestjs/common';
import { type PageQuery, Timestamp } from '@saas-codex/contracts/pagination';
import {
  RUN_STATUSES,
  RUN_TRANSITIONS,
  type RunPage,
  type RunsQuery,
  type SessionBase,
} from '@saas-codex/contracts/runs';
import { isFinal } from '@saas-codex/contracts/transitions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RunLogOwner } from '@saas-codex/event-log/run-log/run-log-entry';
import { In, IsNull, LessThan, Not, type FindOptionsWhere } from 'typeorm';
import { z } from 'zod';
import { batchLoader } from '../database/batch-loader.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { sessionPrivateTo } from '../database/private-rows.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { BLOCKED_BY_SETUP } from '../environments/setup-gate.js';
import type { RequestContext } from '../identity/request-context.js';
import type { SessionEntity, SessionRef } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { HELD } from './queue-hold.js';
import { RunEntity } from './run.entity.js';
import { toRun } from './run-view.js';

export const isEnded = (run: Pick<RunEntity, 'status'>) => isFinal(RUN_TRANSITIONS, run.status);

/** Matches the status of a run that has not ended. */
export const OPEN = In(RUN_STATUSES.filter((status) => !isEnded({ status })));

/** Matches a run that takes a place: it counts for the limits of concurrent runs. */
export const IN_PLACE: FindOptionsWhere<RunEntity>[] = [
  { status: 'running' },
  { status: 'queued', dispatchedAt: Not(IsNull()) },
];

/** Matches a run that the runner has: the condition of the index `runs_one_in_flight`. */
export const IN_FLIGHT: FindOptionsWhere<RunEntity>[] = [...IN_PLACE, { status: 'waiting' }];

/** Whether the runner has an open run, as `IN_FLIGHT` says it. */
export const isInFlight = (run: RunEntity): boolean => run.status === 'running' || run.dispatchedAt !== null;

const UPDATE_RUN_SUMMARY = `
  UPDATE sessions SET
    active_run_id = (SELECT id FROM runs WHERE tenant_id = $1 AND session_id = $2 AND status IN ('running', 'waiting')),
    queued_runs = (SELECT count(*) FROM runs WHERE tenant_id = $1 AND session_id = $2 AND status = 'queued'),
    queue_held = EXISTS (SELECT FROM runs WHERE tenant_id = $1 AND session_id = $2 AND status = 'queued' AND held),
    setup_status = (SELECT status FROM runs WHERE tenant_id = $1 AND session_id = $2 AND kind = 'setup'
                     ORDER BY ordinal DESC LIMIT 1),
    last_run_status = (SELECT status FROM runs WHERE tenant_id = $1 AND session_id = $2
                        AND kind NOT IN ('setup', 'check', 'edit', 'proposal') AND ended_at IS NOT NULL AND rewound_at IS NULL
                        ORDER BY ended_at DESC, ordinal DESC LIMIT 1),
    last_run_by = (SELECT created_by FROM runs WHERE tenant_id = $1 AND session_id = $2 AND kind NOT IN ('setup', 'check', 'edit', 'proposal')
                    AND ended_at IS NOT NULL AND rewound_at IS NULL ORDER BY ended_at DESC, ordinal DESC LIMIT 1)
  WHERE tenant_id = $1 AND id = $2`;

/** A run whose questions are answered goes on before any other run starts. */
const LONGEST_RESUMABLE = `
  SELECT r.session_id AS "sessionId" FROM runs r JOIN approvals a ON a.tenant_id = r.tenant_id AND a.run_id = r.id
   WHERE r.tenant_id = $1 AND r.status = 'waiting' AND a.status = 'resolved' AND a.applied_at IS NULL
   ORDER BY a.decided_at LIMIT 1`;

const LONGEST_WAITING = `
  SELECT r.session_id AS "sessionId" FROM runs r JOIN sessions s ON s.id = r.session_id
   WHERE r.tenant_id = $1 AND s.tenant_id = $1 AND s.active_run_id IS NULL
     AND s.status = 'ready' AND s.deleted_at IS NULL
     AND r.status = 'queued' AND r.dispatched_at IS NULL AND NOT (${BLOCKED_BY_SETUP}) AND NOT (${HELD})
   ORDER BY r.created_at LIMIT 1`;

/** Those of a tenant's runs that exist, with their sessions. */
const OWNERS = `
  SELECT r.tenant_id AS "tenantId", r.id AS "runId", r.session_id AS "sessionId", r.kind,
         ${sessionPrivateTo('s.')} AS "privateTo"
    FROM runs r JOIN sessions s ON s.tenant_id = r.tenant_id AND s.id = r.session_id
   WHERE r.tenant_id = $1 AND r.id = ANY($2::uuid[]) AND s.deleted_at IS NULL`;

/** Condition on a `run`: its session is not being deleted. */
const IN_PRESENT_SESSION = `
  EXISTS (SELECT FROM sessions s WHERE s.tenant_id = run.tenant_id AND s.id = run.session_id AND s.deleted_at IS NULL)`;

/** Sort key of the list of all runs. */
const RunCursor = z.tuple([Timestamp, z.uuid()]);

/** `privateTo`: the one person who may read it; null: everybody in the tenant. `kind`: see `@SharedRows` of runs. */
type Readable = RunLogOwner & Pick<RunEntity, 'kind'> & { privateTo: string | null };

type RunRef = Pick<RunLogOwner, 'tenantId' | 'runId'>;

const keyOf = ({ tenantId, runId }: RunRef): string => `${tenantId} ${runId}`;

type Work<T> = (tx: TenantTransaction, session: SessionEntity) => Promise<T>;

/** Reads and changes runs. Every change locks the session's row first (see SessionStore). */
@Injectable()
export class RunStore {
  private readonly owners = batchLoader((runs: readonly RunRef[]) => this.ownersOf(runs));

  constructor(
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
  ) {}

  /** @throws ProblemError run_not_found; also when the run's session is being deleted */
  async get(ctx: RequestContext, id: string): Promise<RunEntity> {
    const run = await this.find(ctx, id);
    const session = run && (await this.sessions.find(ctx, run.sessionId));
    if (run && session && !session.deletedAt) return run;
    throw notFound();
  }

  /**
   * Only the check that `get` makes. Every client that connects to a run's stream causes one, often many at once, so they
   * share one transaction per tenant.
   * @throws ProblemError run_not_found
   */
  async require({ tenantId, readerId, onlySessionId }: RequestContext, id: string): Promise<RunLogOwner> {
    const found = await this.owners.load({ tenantId, runId: id });
    if (!found) throw notFound();
    const { privateTo, kind, ...owner } = found;
    if (privateTo !== null && readerId !== undefined && privateTo !== readerId) throw notFound();
    const isShared = owner.sessionId === onlySessionId && kind === 'prompt';
    if (onlySessionId !== undefined && !isShared) throw notFound();
    return owner;
  }

  private async ownersOf(runs: readonly RunRef[]): Promise<(Readable | undefined)[]> {
    const tenantIds = [...new Set(runs.map(({ tenantId }) => tenantId))];
    const perTenant = await Promise.all(
      tenantIds.map((tenantId) => {
        const ids = runs.filter((run) => run.tenantId === tenantId).map(({ runId }) => runId);
        return this.db.run({ tenantId }, (tx) => tx.manager.query<Readable[]>(OWNERS, [tenantId, ids]));
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

  /** Runs of all the tenant's sessions, newest first. @throws ProblemError invalid_cursor */
  async listAll(ctx: RequestContext, query: RunsQuery): Promise<RunPage> {
    const before = decodeCursor(query.cursor, RunCursor);
    const rows = await this.db.run(ctx, (tx) => {
      const select = tx.of(RunEntity).select('run').andWhere(IN_PRESENT_SESSION);
      if (query.status) select.andWhere('run.status = :status', query);
      if (query.session_id) select.andWhere('run.sessionId = :session_id', query);
      if (query.kind) select.andWhere('run.kind = :kind', query);
      if (query.created_after) select.andWhere('run.createdAt > :created_after', query);
      if (query.created_before) select.andWhere('run.createdAt < :created_before', query);
      if (before) select.andWhere('(run.createdAt, run.id) < (:at, :id)', { at: before[0], id: before[1] });
      return select
        .orderBy('run.createdAt', 'DESC')
        .addOrderBy('run.id', 'DESC')
        .take(query.limit + 1)
        .getMany();
    });
    return toPage(rows, query.limit, (row) => [row.createdAt.toISOString(), row.id], toRun);
  }

  /** The agent's last message in a run that has ended. */
  async finalMessage(ctx: RequestContext, id: string): Promise<string | null> {
    const select = { id: true, finalMessage: true } as const;
    const run = await this.db.run(ctx, (tx) => tx.of(RunEntity).findOne({ where: { id }, select }));
    return run?.finalMessage ?? null;
  }

  /** The session's runs that have not ended, in order. */
  open(ctx: RequestContext, sessionId: string): Promise<RunEntity[]> {
    return this.db.run(ctx, (tx) =>
      tx.of(RunEntity).find({ where: { sessionId, status: OPEN }, order: { ordinal: 'ASC' } }),
    );
  }

  /** The ids of the sessions that have such a run. */
  async sessionsWith(ctx: RequestContext, where: FindOptionsWhere<RunEntity>): Promise<string[]> {
    const runs = await this.db.run(ctx, (tx) =>
      tx.of(RunEntity).find({ where, select: { sessionId: true } }),
    );
    return [...new Set(runs.map(({ sessionId }) => sessionId))];
  }

  /**
   * The git tree of the workspace as its last run, rewind or fork left it, or as the session began. null: it is not known for
   * certain, since the runner did not end that run, or the workspace could not be read.
   */
  async treeLeft(ctx: RequestContext, session: SessionEntity): Promise<string | null> {
    if (session.restoredTree !== null) return session.restoredTree;
    const last = await this.lastToHave(ctx, session.id);
    if (!last) return session.baseTree;
    return last.status === 'succeeded' || last.status === 'failed' ? last.treeAfter : null;
  }

  /** The git tree of the session's last checkpoint. null: no run has made one yet */
  async latestTree(ctx: RequestContext, { id, restoredTree }: SessionEntity): Promise<string | null> {
    if (restoredTree !== null) return restoredTree;
    const last = await this.lastToHave(ctx, id);
    return last && (last.treeAfter ?? last.treeBefore);
  }

  /** Where the session's changes began before a run: at its start, or at the last update before. null: not known */
  baseBefore(ctx: RequestContext, session: SessionEntity, run: RunEntity): Promise<SessionBase | null> {
    return this.db.run(ctx, (tx) => baseBeforeIn(tx, session, run));
  }

  /** The last run that had the workspace. */
  lastToHave(ctx: RequestContext, sessionId: string): Promise<RunEntity | null> {
    return this.db.run(ctx, (tx) => lastToHaveIn(tx, sessionId));
  }

  /** Changes runs of a session in one transaction. @throws ProblemError session_not_found, and what `work` throws */
  change<T>(ctx: RequestContext, sessionId: string, work: Work<T>): Promise<T> {
    return this.sessions.change(ctx, sessionId, withRunSummary(work));
  }

  /** Like `change`, for background work: it also takes a session that is being deleted. null: the session is gone. */
  changeIfThere<T>(ctx: RequestContext, sessionId: string, work: Work<T>): Promise<T | null> {
    return this.sessions.changeIfThere(ctx, sessionId, withRunSummary(work));
  }

  /** Reads in one transaction. */
  read<T>(ctx: RequestContext, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    return this.db.run(ctx, work);
  }

  /** How many of the tenant's runs take a place. */
  countInPlace(ctx: RequestContext): Promise<number> {
    return this.db.run(ctx, (tx) => tx.of(RunEntity).count(IN_PLACE));
  }

  /** The tenant's session whose run has waited longest for a free place, to go on or else to start. */
  async longestWaiting({ tenantId }: RequestContext): Promise<SessionRef | null> {
    const rows = await this.db.run({ tenantId }, async (tx) => {
      const first = (statement: string) => tx.manager.query<{ sessionId: string }[]>(statement, [tenantId]);
      const resumable = await first(LONGEST_RESUMABLE);
      return resumable.length > 0 ? resumable : first(LONGEST_WAITING);
    });
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

/** As `RunStore.lastToHave`, in a transaction. */
export const lastToHaveIn = (tx: TenantTransaction, sessionId: string): Promise<RunEntity | null> =>
  tx.of(RunEntity).findOne({
    where: { sessionId, treeBefore: Not(IsNull()) },
    // Not by ordinal: a setup or an edit overtakes the prompts that wait.
    order: { dispatchedAt: 'DESC' },
  });

const notFound = () =>
  new ProblemError('run_not_found', 'It may have been deleted together with its session.');

/** Updates the columns of the session's row that summarise its runs, for the transaction that changes the runs. */
export async function updateRunSummary(tx: TenantTransaction, sessionId: string): Promise<void> {
  await tx.manager.query(UPDATE_RUN_SUMMARY, [tx.scope.tenantId, sessionId]);
}

const withRunSummary =
  <T>(work: Work<T>): Work<T> =>
  async (tx, session) => {
    const answer = await work(tx, session);
    await updateRunSummary(tx, session.id);
    return answer;
  };

/** As `RunStore.baseBefore`. @param run `dispatchedAt` null: before all runs */
export async function baseBeforeIn(
  tx: TenantTransaction,
  { id: sessionId, baseCommit, baseTree }: SessionEntity,
  { dispatchedAt }: Pick<RunEntity, 'dispatchedAt'>,
): Promise<SessionBase | null> {
  const edits = await tx.of(RunEntity).find({
    where: { sessionId, kind: 'edit', status: 'succeeded', rewoundAt: IsNull() },
    order: { dispatchedAt: 'ASC' },
  });
  const updates = edits.flatMap(({ input, dispatchedAt: at }) =>
    input.kind === 'edit' && input.base !== undefined && at !== null ? { ...input.base, at } : [],
  );
  const before = updates.filter(({ at }) => dispatchedAt !== null && at < dispatchedAt).at(-1);
  const after = updates.find(({ at }) => dispatchedAt === null || at >= dispatchedAt);
  const now = baseCommit && baseTree ? { commit: baseCommit, tree: baseTree } : null;
  return before?.to ?? after?.from ?? now;
}
