import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '../../database/tenant-database.js';
import { uuidV7 } from '../../database/uuid-v7.js';
import type { RequestContext } from '../../identity/request-context.js';
import { Reconciler, type ReconcileResult } from '../../reconcile/reconciler.js';
import { IdempotencyKey, type SavedAnswer } from './idempotency-key.entity.js';

/** A claim that was not renewed for so long belongs to a process that has crashed. */
export const LEASE_SECONDS = 20;
const LIFETIME = `make_interval(hours => 24)`;
const EXPIRED = `k.created_at < now() - ${LIFETIME}`;
const SCAN_EVERY_MS = 60 * 60 * 1000;

export type Claim =
  | { state: 'mine'; claimId: string }
  | { state: 'others' }
  | { state: 'answered'; answer: SavedAnswer }
  | { state: 'reused' };

/**
 * Takes the key when it is new, has expired, or was left behind by a crash, all in one statement. A key that a crash left
 * behind keeps its claim's id, by which the next attempt finds what the crashed one has made.
 */
const CLAIM = `
  INSERT INTO idempotency_keys AS k (tenant_id, user_id, key, fingerprint, claim_id)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (tenant_id, user_id, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, answer = NULL, claimed_at = now(), created_at = now(),
        claim_id = CASE WHEN ${EXPIRED} THEN excluded.claim_id ELSE k.claim_id END
    WHERE ${EXPIRED}
       OR (k.answer IS NULL AND k.fingerprint = excluded.fingerprint
           AND k.claimed_at < now() - make_interval(secs => ${LEASE_SECONDS}))
  RETURNING k.claim_id AS "claimId"`;

/** The keys in Postgres. Each belongs to a person of a tenant, so nobody gets another's answers by guessing keys. */
@Injectable()
export class IdempotencyStore {
  constructor(private readonly db: TenantDatabase) {}

  claim(ctx: RequestContext, key: string, fingerprint: string): Promise<Claim> {
    return this.db.run(ctx, async (tx) => {
      const [mine] = await tx.manager.query<{ claimId: string }[]>(CLAIM, [
        ctx.tenantId,
        ctx.userId,
        key,
        fingerprint,
        uuidV7(),
      ]);
      if (mine) return { state: 'mine', claimId: mine.claimId };
      const row = await tx.of(IdempotencyKey).findOne({ where: { userId: ctx.userId, key } });
      if (!row) return { state: 'others' };
      if (row.fingerprint !== fingerprint) return { state: 'reused' };
      return row.answer ? { state: 'answered', answer: row.answer } : { state: 'others' };
    });
  }

  /** Extends the claim: its holder is still at work. */
  async renew(ctx: RequestContext, claimId: string): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(IdempotencyKey).update({ claimId }, { claimedAt: () => 'now()' }));
  }

  async save(ctx: RequestContext, claimId: string, answer: SavedAnswer): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(IdempotencyKey).update({ claimId }, { answer }));
  }

  /** Frees the key: the request failed on our side, at any step, and may be tried again with it. */
  async release(ctx: RequestContext, claimId: string): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(IdempotencyKey).update({ claimId }, { claimedAt: new Date(0) }));
  }
}

interface Expiry {
  dueAt: Date;
}

/** Removes expired keys. */
@Injectable()
export class IdempotencyExpiry extends Reconciler<Expiry> {
  constructor(private readonly db: TenantDatabase) {
    super({ keyOf: () => 'expired keys', concurrency: 1, scanEveryMs: SCAN_EVERY_MS });
  }

  /** One piece of work: due when the oldest key expires. */
  protected async *scan(): AsyncGenerator<Expiry[]> {
    yield await this.db.acrossTenants((manager) =>
      manager.query<Expiry[]>(
        `SELECT min(created_at) + ${LIFETIME} AS "dueAt" FROM idempotency_keys HAVING count(*) > 0`,
      ),
    );
  }

  protected async reconcile(): Promise<ReconcileResult> {
    await this.db.acrossTenants((manager) =>
      manager.query(`DELETE FROM idempotency_keys k WHERE ${EXPIRED}`),
    );
    return 'done';
  }
}
