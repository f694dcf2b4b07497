import type { Problem, ProblemCode } from '@saas-codex/contracts/problems';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TenantRow } from '../../database/tenant-row.js';

/** What a repeated request gets: the saved answer (`json` is null when it had no body) or the saved problem. */
export type SavedAnswer =
  | { status: number; json: string | null }
  | { problem: { code: ProblemCode; detail: string; errors?: Problem['errors'] } };

/** One key of one person. Without an answer it is a claim whose holder is still working or has crashed. */
@Entity('idempotency_keys')
export class IdempotencyKey extends TenantRow {
  @PrimaryColumn('text')
  userId: string;

  @PrimaryColumn('text')
  key: string;

  /** Hash of method, path and body. */
  @Column('text')
  fingerprint: string;

  /** The same for all attempts at the request; also the id of what it creates. */
  @Column('uuid')
  claimId: string;

  @Column('timestamptz')
  claimedAt: Date;

  @Column('jsonb', { nullable: true })
  answer: SavedAnswer | null;

  @Column('timestamptz')
  createdAt: Date;
}
