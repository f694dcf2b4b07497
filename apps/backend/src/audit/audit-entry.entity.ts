import type {
  AuditActorKind,
  AuditChanges,
  AuditCredentialKind,
  AuditEntry,
  AuditOutcome,
  AuditTargetKind,
} from '@saas-codex/contracts/audit';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TenantRow } from '../database/tenant-row.js';

/** A row of the audit log. Rows are only ever added (see the migration `create-audit-entries`). */
@Entity('audit_entries')
export class AuditEntryEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column('timestamptz')
  at: Date;

  @Column('text')
  action: string;

  @Column('text')
  outcome: AuditOutcome;

  @Column('text', { nullable: true })
  problem: ProblemCode | null;

  @Column('integer')
  count: number;

  @Column('text')
  actorKind: AuditActorKind;

  @Column('text', { nullable: true })
  actorId: string | null;

  @Column('text', { nullable: true })
  actorName: string | null;

  @Column('text', { nullable: true })
  credentialKind: AuditCredentialKind | null;

  @Column('text', { nullable: true })
  credentialId: string | null;

  @Column('text', { nullable: true })
  credentialName: string | null;

  @Column('text', { nullable: true })
  address: string | null;

  @Column('text', { nullable: true })
  userAgent: string | null;

  @Column('text', { nullable: true })
  requestId: string | null;

  @Column('text', { nullable: true })
  targetKind: AuditTargetKind | null;

  @Column('text', { nullable: true })
  targetId: string | null;

  @Column('text', { nullable: true })
  targetName: string | null;

  @Column('jsonb', { nullable: true })
  changes: object | null;
}

export const toAuditEntry = (row: AuditEntryEntity): AuditEntry => ({
  entry_id: row.id,
  at: row.at.toISOString(),
  action: row.action,
  outcome: row.outcome,
  problem: row.problem,
  count: row.count,
  actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
  credential: row.credentialKind && {
    kind: row.credentialKind,
    id: row.credentialId,
    name: row.credentialName,
  },
  address: row.address,
  user_agent: row.userAgent,
  request_id: row.requestId,
  target: row.targetKind && { kind: row.targetKind, id: row.targetId, name: row.targetName },
  changes: row.changes as AuditChanges | null,
});
