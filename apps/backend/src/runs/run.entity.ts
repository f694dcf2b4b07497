import type { RunKind, RunStatus, Usage } from '@saas-codex/contracts/runs';
import type { DiffStat } from '@saas-codex/contracts/diffs';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TenantRow } from '../database/tenant-row.js';

@Entity('runs')
export class RunEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'uuid', update: false })
  sessionId: string;

  /** Place in the session's order, from 1. */
  @Column({ type: 'int', update: false })
  ordinal: number;

  @Column({ type: 'text' })
  createdBy: string;

  @Column({ type: 'text', default: 'prompt', update: false })
  kind: RunKind;

  /** Of a setup: its script. */
  @Column({ type: 'text', update: false })
  prompt: string;

  /** W3C traceparent of the request that made it; null: nobody traces. */
  @Column({ type: 'text', nullable: true, update: false })
  traceparent: string | null;

  @Column({ type: 'text' })
  status: RunStatus;

  @Column({ type: 'text', nullable: true })
  error: string | null;

  @Column({ type: 'jsonb', nullable: true })
  usage: Usage | null;

  /** Git trees of the workspace before and after the run. */
  @Column({ type: 'text', nullable: true })
  treeBefore: string | null;

  @Column({ type: 'text', nullable: true })
  treeAfter: string | null;

  /** From `treeBefore` to `treeAfter`. */
  @Column({ type: 'jsonb', nullable: true })
  diff: DiffStat | null;

  @Column({ type: 'timestamptz', precision: 3 })
  createdAt: Date;

  /** From here on the run is the runner's: it may start at any moment, and the runner writes its log. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  dispatchedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  startedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  endedAt: Date | null;

  /** From here on its log is in Postgres, whole, and its stream expires. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  archivedAt: Date | null;

  /** Somebody wants the run to end. Kept until it has, so that no crash and no absent runner loses the wish. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  cancelRequestedAt: Date | null;
}
