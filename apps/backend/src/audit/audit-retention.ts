import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';

const SCAN_EVERY_MS = 60 * 60 * 1000;
/** Entries that go in one statement. */
const BATCH = 5_000;

/** The trigger of the table refuses a removal without it, and of what is younger than 30 days also with it. */
const ALLOW = `SELECT set_config('saas_codex.audit_retention', 'on', true)`;

/** $1: days; 0: only what belonged to tenants that are gone. */
const REMOVE = `
  DELETE FROM audit_entries WHERE id IN (
    SELECT id FROM audit_entries e
     WHERE ($1 > 0 AND e.at < now() - make_interval(days => greatest($1, 30)))
        OR NOT EXISTS (SELECT FROM tenants t WHERE t.id = e.tenant_id)
     LIMIT ${BATCH})`;

/**
 * Removes entries that are older than AUDIT_RETENTION_DAYS, and those of tenants that are gone. The one place that may: the roles
 * of tenants and of the system have no right to, so it works as the owner of the table.
 */
@Injectable()
export class AuditRetention extends Reconciler<object> {
  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'AUDIT_RETENTION_DAYS'>,
    private readonly dataSource: DataSource,
  ) {
    super({ keyOf: () => 'old entries', places: { total: 1, perTenant: 1 }, scanEveryMs: SCAN_EVERY_MS });
  }

  protected async *scan(): AsyncGenerator<object[]> {
    yield [{}];
  }

  protected async reconcile(): Promise<ReconcileResult> {
    const removed = await this.dataSource.transaction(async (manager) => {
      await manager.query(ALLOW);
      const [, count] = await manager.query<[unknown, number]>(REMOVE, [this.config.AUDIT_RETENTION_DAYS]);
      return count;
    });
    return removed === BATCH ? 'more' : 'done';
  }
}
