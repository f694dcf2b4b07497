import { Inject, Injectable, Logger } from '@nestjs/common';
import { BEFORE_FIRST_EVENT, type EventId } from '@saas-codex/contracts/event-ids';
import { isTerminalEventType, TERMINAL_EVENT_TYPES } from '@saas-codex/contracts/events';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { readEntries, type StreamEntry } from '@saas-codex/event-log/redis-stream/stream-entry';
import { FINAL_STATUS } from '@saas-codex/event-log/run-log/run-log-entry';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { REDIS } from '../redis.module.js';
import { RepeatedWork } from '../reconcile/repeated-work.js';
import { RunEntity } from '../runs/run.entity.js';
import { ArchiveMetrics } from './archive-metrics.js';
import { RunArchive } from './run-archive.js';

const SCAN_EVERY_MS = 2_000;
const RUNS_AT_ONCE = 50;
const PAGE_ENTRIES = 1_000;

interface Waiting {
  tenantId: string;
  id: string;
  endedAt: string;
}
/** Where the looks have come to. */
type Place = Pick<Waiting, 'endedAt' | 'id'>;
const BEGINNING: Place = { endedAt: '-infinity', id: '00000000-0000-0000-0000-000000000000' };

/**
 * Moves the logs of ended runs from Redis to Postgres.
 *
 *     ended, not archived ─► stream whole? ──no: filled again from its spool──┐
 *                              └─► rows, stream set to expire, archived_at ◄──┘ ─► spool removed
 *
 * The rows, archived_at and the lock of the run are one transaction, so that of several backends one archives a run, and a
 * crash before the commit leaves a run that is archived again. Whoever reads a log while it expires goes on in Postgres.
 * Looks go through all that wait, page by page, so that those that cannot be archived do not stand before the others.
 */
@Injectable()
export class RunArchiver extends RepeatedWork {
  protected readonly logger = new Logger(RunArchiver.name);
  private lookedAt = BEGINNING;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly db: TenantDatabase,
    private readonly logs: RunLogs,
    private readonly archive: RunArchive,
    private readonly metrics: ArchiveMetrics,
  ) {
    super(SCAN_EVERY_MS);
  }

  protected async work(): Promise<boolean> {
    const waiting = await this.nextWaiting();
    const nameOf = ({ id }: Waiting) => `archiving run ${id}`;
    const failed = await this.forEach(waiting, nameOf, (one) => this.archiveOne(one));
    const last = waiting.length === RUNS_AT_ONCE ? waiting.at(-1) : undefined;
    this.lookedAt = last ?? BEGINNING;
    return last !== undefined && failed === 0;
  }

  private nextWaiting(): Promise<Waiting[]> {
    const { endedAt, id } = this.lookedAt;
    return this.db.acrossTenants((manager) =>
      manager.query<Waiting[]>(
        `SELECT tenant_id AS "tenantId", id, ended_at::text AS "endedAt" FROM runs
          WHERE ended_at IS NOT NULL AND archived_at IS NULL AND (ended_at, id) > ($1::timestamptz, $2::uuid)
          ORDER BY ended_at, id LIMIT ${RUNS_AT_ONCE}`,
        [endedAt, id],
      ),
    );
  }

  private async archiveOne({ tenantId, id }: Waiting): Promise<void> {
    const archived = await this.db.run({ tenantId }, (tx) => this.archiveRun(tx, id));
    if (!archived) return;
    this.metrics.count(archived.events);
    await this.logs.spool(ownerOf(archived.run)).remove();
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
    const log = await this.wholeLog(run);
    await this.archive.insert(tx, id, log);
    await this.redis.expire(REDIS_KEYS.runEvents(id), Math.ceil(this.config.RUN_LOG_TTL_MINUTES * 60));
    await tx.of(RunEntity).update({ id }, { archivedAt: new Date() });
    return { run, events: log.length };
  }

  /** The log's durable events up to its end; what Redis has lost comes from the spool, or has to be closed here. */
  private async wholeLog(run: RunEntity): Promise<StreamEntry[]> {
    const entries = await this.readStream(run.id);
    if (isWhole(entries)) return entries;
    const owner = ownerOf(run);
    const last = await this.logs.refill(owner);
    if (!isTerminalEventType(last.type ?? '')) {
      this.logger.error(`the log of run ${run.id} is lost behind event ${last.id.seq}`);
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

const isWhole = (entries: StreamEntry[]) => {
  const last = entries.at(-1);
  return last !== undefined && last.id.seq === entries.length && isTerminalEventType(last.type);
};

const ownerOf = ({ id, sessionId, tenantId }: RunEntity) => ({ runId: id, sessionId, tenantId });
