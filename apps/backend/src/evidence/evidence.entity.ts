import type { CHECK_RESULTS, CheckResult, SignedEnvelope } from '@saas-codex/contracts/evidence';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows, sessionIsVisible } from '../database/private-rows.js';
import { TenantRow } from '../database/tenant-row.js';

/** Whoever reads the session sees its evidence, except readers by link: logs show how an organisation works. Never changed. */
@PrivateRows(
  (tenant) =>
    `EXISTS (SELECT FROM sessions s WHERE s.tenant_id = ${tenant} AND s.id = session_id AND ${sessionIsVisible('s.')})`,
)
@Entity('evidence')
export class EvidenceEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'uuid', update: false })
  sessionId: string;

  @Column({ type: 'uuid', update: false })
  runId: string;

  /** What was checked. */
  @Column({ type: 'text', update: false })
  tree: string;

  @Column({ type: 'text', update: false })
  result: (typeof CHECK_RESULTS)[number];

  @Column({ type: 'jsonb', update: false })
  checks: CheckResult[];

  /** In the order of the checks. They may be long, and lists leave them out. */
  @Column({ type: 'jsonb', update: false, select: false })
  logs: string[];

  @Column({ type: 'jsonb', update: false, select: false })
  envelope: SignedEnvelope;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;
}
