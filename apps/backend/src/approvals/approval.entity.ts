import type { ApprovalDecision, ApprovalKind, Destination } from '@saas-codex/contracts/approval-questions';
import type { Approval, ApprovalStatus } from '@saas-codex/contracts/approvals';
import type { Author } from '@saas-codex/contracts/authors';
import type { Unrecognized } from '@saas-codex/contracts/open-reading';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows, sessionIsVisible } from '../database/private-rows.js';
import { TenantRow } from '../database/tenant-row.js';

/** A question of a run. Whoever reads the session sees it, except readers by link: it says who answered. */
@PrivateRows(
  (tenant) =>
    `EXISTS (SELECT FROM sessions s WHERE s.tenant_id = ${tenant} AND s.id = session_id AND ${sessionIsVisible('s.')})`,
)
@Entity('approvals')
export class ApprovalEntity extends TenantRow {
  /** From the run's log, as everything that asks. */
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'uuid', update: false })
  sessionId: string;

  @Column({ type: 'uuid', update: false })
  runId: string;

  /** Its name within the run. */
  @Column({ type: 'text', update: false })
  requestId: string;

  /** A newer runner may ask for more. */
  @Column({ type: 'text', update: false })
  kind: ApprovalKind | Unrecognized;

  @Column({ type: 'text', update: false })
  itemId: string;

  @Column({ type: 'text', nullable: true, update: false })
  command: string | null;

  /** Of a connection. */
  @Column({ type: 'jsonb', nullable: true, update: false })
  destination: Destination | null;

  @Column({ type: 'text', nullable: true, update: false })
  reason: string | null;

  /** The possible answers. */
  @Column({ type: 'text', array: true, update: false })
  decisions: (ApprovalDecision | Unrecognized)[];

  @Column({ type: 'text' })
  status: ApprovalStatus;

  @Column({ type: 'text', nullable: true })
  decision: ApprovalDecision | null;

  @Column({ type: 'jsonb', nullable: true })
  decidedBy: Author | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  decidedAt: Date | null;

  @Column({ type: 'text', nullable: true })
  note: string | null;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;

  /** When the answer took effect, as the run's log says; null: it has not, so it has to be delivered as long as the run works. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  appliedAt: Date | null;
}

export const toApproval = (row: ApprovalEntity): Approval => ({
  approval_id: row.id,
  session_id: row.sessionId,
  run_id: row.runId,
  kind: row.kind,
  item_id: row.itemId,
  command: row.command,
  destination: row.destination,
  reason: row.reason,
  decisions: row.decisions,
  status: row.status,
  decision: row.decision,
  decided_by: row.decidedBy,
  decided_at: row.decidedAt?.toISOString() ?? null,
  note: row.note,
  created_at: row.createdAt.toISOString(),
});
