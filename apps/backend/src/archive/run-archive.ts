import { Injectable } from '@nestjs/common';
import type { EventId } from '@saas-codex/contracts/event-ids';
import type { StreamEntry } from '@saas-codex/event-log/redis-stream/stream-entry';
import type { RunLogArchive } from '@saas-codex/event-log/run-log/run-log.reader';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import type { RequestContext } from '../identity/request-context.js';

/** Rows of one INSERT: so many that its fixed cost does not matter. */
const ROWS_AT_ONCE = 1_000;

const INSERT = `
  INSERT INTO run_events (tenant_id, run_id, seq, type, event)
  SELECT $1, $2, * FROM unnest($3::integer[], $4::text[], $5::text[])
  ON CONFLICT (run_id, seq) DO NOTHING`;

/** The logs of ended runs in Postgres: their durable events, byte for byte as they were written. */
@Injectable()
export class RunArchive {
  constructor(private readonly db: TenantDatabase) {}

  /** The log of one run, for the hub that serves it. */
  of(ctx: RequestContext, runId: string): RunLogArchive {
    return {
      lastId: () => this.lastId(ctx, runId),
      read: (after, count) => this.read(ctx, runId, after, count),
    };
  }

  /** Adds events; those that are there already stay as they are. */
  async insert(tx: TenantTransaction, runId: string, entries: StreamEntry[]): Promise<void> {
    for (let start = 0; start < entries.length; start += ROWS_AT_ONCE) {
      const rows = entries.slice(start, start + ROWS_AT_ONCE);
      await tx.manager.query(INSERT, [
        tx.scope.tenantId,
        runId,
        rows.map(({ id }) => id.seq),
        rows.map(({ type }) => type),
        rows.map(({ event }) => event.toString('utf8')),
      ]);
    }
  }

  private async lastId({ tenantId }: RequestContext, runId: string): Promise<EventId | null> {
    const rows = await this.db.run({ tenantId }, (tx) =>
      tx.manager.query<{ seq: number }[]>(
        `SELECT seq FROM run_events WHERE tenant_id = $1 AND run_id = $2 ORDER BY seq DESC LIMIT 1`,
        [tenantId, runId],
      ),
    );
    return rows[0] ? { seq: rows[0].seq, delta: 0 } : null;
  }

  private async read(
    { tenantId }: RequestContext,
    runId: string,
    after: EventId,
    count: number,
  ): Promise<StreamEntry[]> {
    const rows = await this.db.run({ tenantId }, (tx) =>
      tx.manager.query<{ seq: number; type: string; event: string }[]>(
        `SELECT seq, type, event FROM run_events
          WHERE tenant_id = $1 AND run_id = $2 AND seq > $3 ORDER BY seq LIMIT $4`,
        [tenantId, runId, after.seq, count],
      ),
    );
    return rows.map(({ seq, type, event }) => ({ id: { seq, delta: 0 }, type, event: Buffer.from(event) }));
  }
}
