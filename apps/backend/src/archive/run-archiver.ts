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
const PAGE_RUNS = 50;
const PAGE_ENTRIES = 1_000;

interface EndedRun {
  tenantId: string;
  id: string;
  endedAt: string;
}
/** Sorts before every run. */
const BEGINNING: Omit<EndedRun, 'tenantId'> = {
  endedAt: '-infinity',
  id: '00000000-0000-0000-0000-000000000000',
};
const NEXT_PAGE = `
  SELECT tenant_id AS "tenantId", id, ended_at::text AS "endedAt" FROM runs
   WHERE ended_at IS NOT NULL AND archived_at IS NULL AND (ended_at, id) > ($1::timestamptz, $2::uuid)
   ORDER BY ended_at, id LIMIT ${PAGE_RUNS}`;

/**
 * Moves the logs of ended runs from Redis to Postgres.
 *
 *     ended, not archived ─► stream complete? ──no: refilled from its spool──┐
 *                              └─► rows, stream set to expire, archived_at ◄─┘ ─► spool removed
 *
 * The rows, archived_at and the lock of the run are one transaction. So only one of several backends archives a run, and a
 * crash before the commit leaves a run that is archived again. Readers of a log that expires continue in Postgres.
 * A scan goes through all runs that wait, page by page, so logs that cannot be archived don't block the others.
 */
@Injectable()
export class RunArchiver extends Reconciler<EndedRun> {
  private readonly logger = new Logger(RunArchiver.name);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly db: TenantDatabase,
    private readonly system: SystemDatabase,
    private readonly logs: RunLogs,
    private readonly archive: RunArchive,
    private readonly metrics: ArchiveMetrics,
  ) {
    super({ keyOf: ({ id }) => id, concurrency: 1, scanEveryMs: SCAN_EVERY_MS, batches: true });
  }

  protected async *scan() {
    let last: typeof BEGINNING | undefined = BEGINNING;
    while (last) {
      const parameters = [last.endedAt, last.id];
      const page: EndedRun[] = await this.system.query(NEXT_PAGE, parameters);
      yield page;
      last = page.length === PAGE_RUNS ? page.at(-1) : undefined;
    }
  }

  protected async reconcile({ tenantId, id }: EndedRun): Promise<ReconcileResult> {
    const archived = await this.db.run({ tenantId }, (tx) => this.archiveRun(tx, id));
    if (!archived) return 'done';
    this.metrics.count(archived.events);
    await this.logs.spool(ownerOf(archived.run)).remove();
    return 'done';
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
    await this.redis.expire(REDIS_KEYS.runEvents(id), Math.ceil(this.config.RUN_LOG_TTL_MINUTES * 60));
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
