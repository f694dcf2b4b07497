import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { TenantDatabase } from '../database/tenant-database.js';
import type { RequestContext } from '../tenants/request-context.js';
import { IdempotencyKey, type SavedAnswer } from './idempotency-key.entity.js';

const KEPT_HOURS = 24;
/** A claim that was not renewed for so long is a crashed process's. */
export const LEASE_SECONDS = 20;
const CLEANING_INTERVAL_MS = 60 * 60 * 1000;

export type Claim =
  | { state: 'mine'; claimId: string }
  | { state: 'others' }
  | { state: 'answered'; answer: SavedAnswer }
  | { state: 'reused' };

/** Takes the key when it is new, older than it is kept, or left behind by a crash; all in one statement. */
const CLAIM = `
  INSERT INTO idempotency_keys AS k (tenant_id, user_id, key, fingerprint, claim_id)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (tenant_id, user_id, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, claim_id = excluded.claim_id, answer = NULL,
        claimed_at = now(), created_at = now()
    WHERE k.created_at < now() - make_interval(hours => ${KEPT_HOURS})
       OR (k.answer IS NULL AND k.fingerprint = excluded.fingerprint
           AND k.claimed_at < now() - make_interval(secs => ${LEASE_SECONDS}))
  RETURNING k.claim_id`;

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
    const claimId = randomUUID();
    return this.db.run(ctx, async (tx) => {
      const mine = await tx.manager.query<unknown[]>(CLAIM, [
        ctx.tenantId,
        ctx.userId,
        key,
        fingerprint,
        claimId,
      ]);
      if (mine.length > 0) return { state: 'mine', claimId };
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

  /** Gives the key back: the request failed on our side and may be tried again with it. */
  async release(ctx: RequestContext, claimId: string): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(IdempotencyKey).delete({ claimId }));
  }

  private removeOld(): Promise<unknown> {
    return this.db.acrossTenants((manager) =>
      manager.query(
        `DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => ${KEPT_HOURS})`,
      ),
    );
  }
}
