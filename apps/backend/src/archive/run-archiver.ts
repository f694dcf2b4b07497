import { Inject, Injectable, Logger } from '@nestjs/common';
import { BEFORE_FIRST_EVENT, type EventId } from '@saas-codex/contracts/event-ids';
import { isTerminalEventType, TERMINAL_EVENT_TYPES } from '@saas-codex/contracts/events';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { readEntries, type StreamEntry } from '@saas-codex/event-log/redis-stream/stream-entry';
import { FINAL_STATUS } from '@saas-codex/event-log/run-log/run-log-entry';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config.js';
import { SystemDatabase } from '../database/system-database.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { REDIS } from '../redis.module.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import { RunEntity } from '../runs/run.entity.js';
import { ArchiveMetrics } from './archive-metrics.js';
import { RunArchive } from './run-archive.js';

const SCAN_EVERY_MS = 2_000;
/** A tenant's turn: after so many logs the other tenants have theirs. */
const PAGE_RUNS = 20;
const PAGE_ENTRIES = 1_000;

/** Tenants whose logs are moved at the same time. Each of them holds a connection to Postgres. */
const PLACES = { total: 3, perTenant: 1 };

interface Tenant {
  tenantId: string;
}
interface EndedRun {
  id: string;
  endedAt: string;
}
/** Sorts before every run. */
const BEGINNING: EndedRun = { endedAt: '-infinity', id: '00000000-0000-0000-0000-000000000000' };
const WAITING_TENANTS = `
  SELECT DISTINCT tenant_id AS "tenantId" FROM runs WHERE ended_at IS NOT NULL AND archived_at IS NULL`;
const NEXT_PAGE = `
  SELECT id, ended_at::text AS "endedAt" FROM runs
   WHERE tenant_id = $1 AND ended_at IS NOT NULL AND archived_at IS NULL AND (ended_at, id) > ($2::timestamptz, $3::uuid)
   ORDER BY ended_at, id LIMIT ${PAGE_RUNS}`;

/**
 * Moves the logs of ended runs from Redis to Postgres.
 *
 *     ended, not archived ─► stream complete? ──no: refilled from its spool──┐
 *                              └─► rows, stream set to expire, archived_at ◄─┘ ─► spool removed
 *
 * The rows, archived_at and the lock of the run are one transaction. So only one of several backends archives a run, and a
 * crash before the commit leaves a run that is archived again. Readers of a log that expires continue in Postgres.
 * The work goes tenant by tenant, a page at each turn. A page begins after the last one, so logs that cannot be archived
 * don't block the others.
 */
@Injectable()
export class RunArchiver extends Reconciler<Tenant> {
  private readonly logger = new Logger(RunArchiver.name);
  /** By tenant: the last run of the page before. Without one, a turn begins with the run that has waited longest. */
  private readonly reached = new Map<string, EndedRun>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly db: TenantDatabase,
    private readonly system: SystemDatabase,
    private readonly logs: RunLogs,
    private readonly archive: RunArchive,
    private readonly metrics: ArchiveMetrics,
  ) {
    super({
      keyOf: ({ tenantId }) => tenantId,
      tenantOf: ({ tenantId }) => tenantId,
      places: PLACES,
      scanEveryMs: SCAN_EVERY_MS,
    });
  }

  protected async *scan() {
    yield await this.system.query<Tenant>(WAITING_TENANTS);
  }

  protected async reconcile({ tenantId }: Tenant, signal: AbortSignal): Promise<ReconcileResult> {
    const after = this.reached.get(tenantId) ?? BEGINNING;
    this.reached.delete(tenantId);
    const page = await this.db.run({ tenantId }, (tx) =>
      tx.manager.query<EndedRun[]>(NEXT_PAGE, [tenantId, after.endedAt, after.id]),
    );
    let failed = false;
    for (const { id } of page) {
      if (signal.aborted) return 'done';
      failed = !(await this.archiveOne(tenantId, id)) || failed;
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE_RUNS) return 'done';
    this.reached.set(tenantId, last);
    // A store may be away. The next page would fail, too.
    return failed ? 'retry' : 'more';
  }

  private get expirySeconds(): number {
    return Math.ceil(this.config.RUN_LOG_TTL_MINUTES * 60);
  }

  /** @returns false when it failed, which is left to a later scan */
  private async archiveOne(tenantId: string, id: string): Promise<boolean> {
    try {
      const archived = await this.db.run({ tenantId }, (tx) => this.archiveRun(tx, id));
      if (archived) {
        this.metrics.count(archived.events);
        const owner = ownerOf(archived.run);
        await this.logs.spool(owner).remove();
        await this.logs.setArchived(owner, this.expirySeconds);
      }
      return true;
    } catch (error) {
      this.logger.error(`run ${id} was not archived: ${String(error)}`, (error as Error).stack);
      return false;
    }
  }

  /** @returns null when another backend has it */
  private async archiveRun(
    tx: TenantTransaction,
    id: string,
  ): Promise<{ run: RunEntity; events: number } | null> {
    const run = await tx.of(RunEntity).findOne({
      where: { id },
      lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' },
    });
    if (!run || run.archivedAt) return null;
    const log = await this.completeLog(run);
    await this.archive.insert(tx, id, log);
    await this.redis.expire(REDIS_KEYS.runEvents(id), this.expirySeconds);
    await tx.of(RunEntity).update({ id }, { archivedAt: new Date() });
    return { run, events: log.length };
  }

  /** The log's durable events up to its end. What Redis has lost comes from the spool; a log without an end is closed here. */
  private async completeLog(run: RunEntity): Promise<StreamEntry[]> {
    const entries = await this.readStream(run.id);
    if (isComplete(entries)) return entries;
    const owner = ownerOf(run);
    const last = await this.logs.refill(owner);
    if (!isTerminalEventType(last.type ?? '')) {
      this.logger.error(`the log of run ${run.id} is lost after event ${last.id.seq}`);
      const reason = run.error ?? 'The record of this run was lost.';
      const type = TERMINAL_EVENT_TYPES.find((terminal) => FINAL_STATUS[terminal] === run.status);
      if (type) await this.logs.endLog(owner, type, { reason });
    }
    return this.readStream(run.id);
  }

  private async readStream(runId: string): Promise<StreamEntry[]> {
    const entries: StreamEntry[] = [];
    let after: EventId = BEFORE_FIRST_EVENT;
    for (;;) {
      const page = await readEntries(this.redis, REDIS_KEYS.runEvents(runId), after, PAGE_ENTRIES);
      for (const entry of page) {
        if (entry.id.delta === 0) entries.push(entry);
        if (isTerminalEventType(entry.type)) return entries;
      }
      const last = page.at(-1);
      if (!last) return entries;
      after = last.id;
    }
  }
}

const isComplete = (entries: StreamEntry[]) => {
  const last = entries.at(-1);
  return last !== undefined && last.id.seq === entries.length && isTerminalEventType(last.type);
};

const ownerOf = ({ id, sessionId, tenantId }: RunEntity) => ({ runId: id, sessionId, tenantId });
