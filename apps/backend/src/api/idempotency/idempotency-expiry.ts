import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '../../database/system-database.js';
import { Reconciler, type ReconcileResult } from '../../reconcile/reconciler.js';
import { EXPIRED, KEY_LIFETIME } from './idempotency-store.js';

const SCAN_EVERY_MS = 60 * 60 * 1000;

interface Expiry {
  dueAt: Date;
}

/** Removes expired keys of every tenant. */
@Injectable()
export class IdempotencyExpiry extends Reconciler<Expiry> {
  constructor(private readonly system: SystemDatabase) {
    super({ keyOf: () => 'expired keys', places: { total: 1, perTenant: 1 }, scanEveryMs: SCAN_EVERY_MS });
  }

  /** One piece of work: due when the oldest key expires. */
  protected async *scan(): AsyncGenerator<Expiry[]> {
    yield await this.system.query<Expiry>(
      `SELECT min(created_at) + ${KEY_LIFETIME} AS "dueAt" FROM idempotency_keys HAVING count(*) > 0`,
    );
  }

  protected async reconcile(): Promise<ReconcileResult> {
    await this.system.query(`DELETE FROM idempotency_keys k WHERE ${EXPIRED}`);
    return 'done';
  }
}
