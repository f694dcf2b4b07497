import type { Author } from '@saas-codex/contracts/authors';
import type { Steer, SteerStatus } from '@saas-codex/contracts/steers';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows, sessionIsVisible } from '../../database/private-rows.js';
import { TenantRow } from '../../database/tenant-row.js';

/** Whoever reads the session reads its steers. Readers by link have only `steer.delivered` in the log, which names nobody. */
@PrivateRows(
  (tenant) =>
    `EXISTS (SELECT FROM sessions s WHERE s.tenant_id = ${tenant} AND s.id = session_id AND ${sessionIsVisible('s.')})`,
)
@Entity('run_steers')
export class SteerEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'uuid', update: false })
  sessionId: string;

  @Column({ type: 'uuid', update: false })
  runId: string;

  /** Position among the run's steers, from 1. */
  @Column({ type: 'int', update: false })
  ordinal: number;

  @Column({ type: 'text', update: false })
  prompt: string;

  @Column({ type: 'text' })
  status: SteerStatus;

  /** The run that it became. */
  @Column({ type: 'uuid', nullable: true })
  queuedRunId: string | null;

  @Column({ type: 'text', update: false })
  createdBy: string;

  @Column({ type: 'jsonb', update: false })
  author: Author;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;

  /** When a runner had put it into the run's inbox. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  sentAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  deliveredAt: Date | null;
}

export const toSteer = (steer: SteerEntity): Steer => ({
  steer_id: steer.id,
  run_id: steer.runId,
  session_id: steer.sessionId,
  prompt: steer.prompt,
  status: steer.status,
  queued_run_id: steer.queuedRunId,
  created_by: steer.author,
  created_at: steer.createdAt.toISOString(),
  delivered_at: steer.deliveredAt?.toISOString() ?? null,
});
