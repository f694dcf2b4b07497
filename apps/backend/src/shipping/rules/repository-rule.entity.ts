import type { RepositoryRule } from '@saas-codex/contracts/repository-rules';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TenantRow } from '../../database/tenant-row.js';

/** What admins have decided for the repositories of a host, or for some of them. */
@Entity('repository_rules')
export class RepositoryRuleEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  /** Canonical, without a port. */
  @Column({ type: 'text', update: false })
  host: string;

  /** In lower case, without slashes at its ends. Empty: all of the host. */
  @Column({ type: 'text', update: false })
  path: string;

  @Column({ type: 'text', nullable: true })
  branchPattern: string | null;

  @Column({ type: 'boolean' })
  allowDefaultBranch: boolean;

  @Column({ type: 'text', update: false })
  createdBy: string;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  updatedAt: Date;
}

export const toRepositoryRule = (row: RepositoryRuleEntity): RepositoryRule => ({
  rule_id: row.id,
  host: row.host,
  path: row.path,
  branch_pattern: row.branchPattern,
  allow_default_branch: row.allowDefaultBranch,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});
