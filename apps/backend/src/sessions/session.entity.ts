import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { DiffStat } from '@saas-codex/contracts/diffs';
import type { Network } from '@saas-codex/contracts/network';
import type { RunStatus } from '@saas-codex/contracts/runs';
import type { SessionStatus, Setup } from '@saas-codex/contracts/sessions';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TenantRow } from '../database/tenant-row.js';

@Entity('sessions')
export class SessionEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  /** The user's id, of whoever made it. */
  @Column({ type: 'text' })
  createdBy: string;

  @Column({ type: 'text' })
  title: string;

  /** False: the title is ours, and the first prompt may still replace it. */
  @Column({ type: 'boolean' })
  titleGiven: boolean;

  @Column({ type: 'text', nullable: true })
  repoUrl: string | null;

  @Column({ type: 'text', nullable: true })
  ref: string | null;

  @Column({ type: 'text', nullable: true })
  model: string | null;

  @Column({ type: 'jsonb', default: { mode: 'off' } })
  network: Network;

  @Column({ type: 'jsonb', nullable: true })
  setup: Setup | null;

  /** Of the last run of the setup script. Told by the session's runs, as `activeRunId`. */
  @Column({ type: 'text', nullable: true })
  setupStatus: RunStatus | null;

  @Column({ type: 'text' })
  status: SessionStatus;

  @Column({ type: 'text', nullable: true })
  failureCode: ProblemCode | null;

  @Column({ type: 'text', nullable: true })
  failureDetail: string | null;

  @Column({ type: 'text', nullable: true })
  baseCommit: string | null;

  /** Git tree of the work tree as it was cloned: the session's diff starts here. Null until the clone is made. */
  @Column({ type: 'text', nullable: true })
  baseTree: string | null;

  @Column({ type: 'text', nullable: true })
  threadId: string | null;

  /** How the workspace differed from `baseTree` after the last run. */
  @Column({ type: 'jsonb', nullable: true })
  diff: DiffStat | null;

  /** Told by the session's runs, in the transaction that changes them: lists need not ask each session's runs. */
  @Column({ type: 'uuid', nullable: true })
  activeRunId: string | null;

  @Column({ type: 'int', default: 0 })
  queuedRuns: number;

  @Column({ type: 'timestamptz', precision: 3 })
  createdAt: Date;

  /** Last activity. */
  @Column({ type: 'timestamptz', precision: 3 })
  updatedAt: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  archivedAt: Date | null;

  /** Set: the session's folder is gone, and with it its diffs; what happened in it stays. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  workspaceRemovedAt: Date | null;

  /** What its folder takes; a bigint is text here. */
  @Column({ type: 'bigint', default: '0' })
  diskBytes: string;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  diskMeasuredAt: Date | null;

  /** Set: nobody sees the session any more; its runs, workspace and row are being removed. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  deletedAt: Date | null;
}

/** A session as background work names it. */
export interface SessionRef {
  tenantId: string;
  sessionId: string;
}
