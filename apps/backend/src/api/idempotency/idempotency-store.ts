import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidV7 } from 'uuid';
import { TenantDatabase } from '../../database/tenant-database.js';
import type { RequestContext } from '../../identity/request-context.js';
import { IdempotencyKey, type SavedAnswer } from './idempotency-key.entity.js';

const KEPT_HOURS = 24;
/** A claim that was not renewed for so long is a crashed process's. */
export const LEASE_SECONDS = 20;
const OUTLIVED = `k.created_at < now() - make_interval(hours => ${KEPT_HOURS})`;
const CLEANING_INTERVAL_MS = 60 * 60 * 1000;

export type Claim =
  | { state: 'mine'; claimId: string }
  | { state: 'others' }
  | { state: 'answered'; answer: SavedAnswer }
  | { state: 'reused' };

/**
 * Takes the key when it is new, older than it is kept, or left behind by a crash; all in one statement. What a crash
 * left behind keeps its claim's id, by which the next attempt finds what the crashed one has made.
 */
const CLAIM = `
  INSERT INTO idempotency_keys AS k (tenant_id, user_id, key, fingerprint, claim_id)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (tenant_id, user_id, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, answer = NULL, claimed_at = now(), created_at = now(),
        claim_id = CASE WHEN ${OUTLIVED} THEN excluded.claim_id ELSE k.claim_id END
    WHERE ${OUTLIVED}
       OR (k.answer IS NULL AND k.fingerprint = excluded.fingerprint
           AND k.claimed_at < now() - make_interval(secs => ${LEASE_SECONDS}))
  RETURNING k.claim_id AS "claimId"`;

/** The keys in Postgres. Rows belong to a person of a tenant: nobody meets another's answers by guessing keys. */
@Injectable()
export class IdempotencyStore implements OnModuleInit, OnApplicationShutdown {
  private cleaning: NodeJS.Timeout;

  constructor(private readonly db: TenantDatabase) {}

  onModuleInit(): void {
    const clean = () => void this.removeOld().catch(() => undefined);
    this.cleaning = setInterval(clean, CLEANING_INTERVAL_MS).unref();
    clean();
  }

  onApplicationShutdown(): void {
    clearInterval(this.cleaning);
  }

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

  /** Tells that the holder is still at work. */
  async renew(ctx: RequestContext, claimId: string): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(IdempotencyKey).update({ claimId }, { claimedAt: () => 'now()' }));
  }

  async save(ctx: RequestContext, claimId: string, answer: SavedAnswer): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(IdempotencyKey).update({ claimId }, { answer }));
  }

  /** Gives the key back: the request failed on our side, at whatever step, and may be tried again with it. */
  async release(ctx: RequestContext, claimId: string): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(IdempotencyKey).update({ claimId }, { claimedAt: new Date(0) }));
  }

  private removeOld(): Promise<unknown> {
    return this.db.acrossTenants((manager) =>
      manager.query(`DELETE FROM idempotency_keys k WHERE ${OUTLIVED}`),
    );
  }
}
