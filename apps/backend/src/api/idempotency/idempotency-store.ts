import { Injectable } from '@nestjs/common';
import { v7 as uuidV7 } from 'uuid';
import { TenantDatabase } from '../../database/tenant-database.js';
import { actorId } from '../../identity/actor.js';
import type { RequestContext } from '../../identity/request-context.js';
import { IdempotencyKey, type SavedAnswer } from './idempotency-key.entity.js';

/** A claim that was not renewed for this long belongs to a process that has crashed. */
export const LEASE_SECONDS = 20;
export const KEY_LIFETIME = `make_interval(hours => 24)`;
/** Condition on `idempotency_keys k`: the key is forgotten, and `IdempotencyExpiry` removes its row. */
export const EXPIRED = `k.created_at < now() - ${KEY_LIFETIME}`;

export type Claim =
  | { state: 'mine'; claimId: string }
  | { state: 'others' }
  | { state: 'answered'; answer: SavedAnswer }
  | { state: 'reused' };

/**
 * Takes the key when it is new, expired or left behind by a crash, all in one statement. A key that a crash left behind
 * keeps its claim's id, by which the next attempt finds what the crashed one has created.
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

/** The keys in Postgres. A row belongs to one person in one tenant, so guessing a key does not reveal another person's answers. */
@Injectable()
export class IdempotencyStore {
  constructor(private readonly db: TenantDatabase) {}

  claim(ctx: RequestContext, key: string, fingerprint: string): Promise<Claim> {
    return this.db.run(ctx, async (tx) => {
      const userId = actorId(ctx.actor);
      const [mine] = await tx.manager.query<{ claimId: string }[]>(CLAIM, [
        ctx.tenantId,
        userId,
        key,
        fingerprint,
        uuidV7(),
      ]);
      if (mine) return { state: 'mine', claimId: mine.claimId };
      const row = await tx.of(IdempotencyKey).findOne({ where: { userId, key } });
      if (!row) return { state: 'others' };
      if (row.fingerprint !== fingerprint) return { state: 'reused' };
      return row.answer ? { state: 'answered', answer: row.answer } : { state: 'others' };
    });
  }

  /** Extends the claim of a request that is still being handled. */
  async renew(ctx: RequestContext, claimId: string): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(IdempotencyKey).update({ claimId }, { claimedAt: () => 'now()' }));
  }

  async save(ctx: RequestContext, claimId: string, answer: SavedAnswer): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(IdempotencyKey).update({ claimId }, { answer }));
  }

  /** Gives the key back after a failure on our side: the request may be tried again with it. */
  async release(ctx: RequestContext, claimId: string): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(IdempotencyKey).update({ claimId }, { claimedAt: new Date(0) }));
  }
}
