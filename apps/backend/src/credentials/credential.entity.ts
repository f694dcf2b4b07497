import type { Credential } from '@saas-codex/contracts/credentials';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows } from '../database/private-rows.js';
import { TenantRow } from '../database/tenant-row.js';

/** What git uses to reach private repositories. Its secret part is the secret with the same id. Nobody sees those of other people. */
@PrivateRows(() => '(owner_id IS NULL OR owner_id = :readerId)')
@Entity('git_credentials')
export class CredentialEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'text', update: false })
  kind: Credential['kind'];

  /** The person whose it is; null: the organisation's. */
  @Column({ type: 'text', nullable: true, update: false })
  ownerId: string | null;

  /** Canonical, with the port if it is not the usual one. */
  @Column({ type: 'text', update: false })
  host: string;

  /** Without slashes at its ends. Empty: every repository of the host. */
  @Column({ type: 'text', update: false })
  path: string;

  @Column({ type: 'text', update: false })
  username: string;

  @Column({ type: 'text', update: false })
  createdBy: string;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  lastUsedAt: Date | null;

  /** When the host last refused it; null: not since it was saved, or used with success. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  refusedAt: Date | null;
}

export const toCredential = (row: CredentialEntity): Credential => ({
  credential_id: row.id,
  kind: row.kind,
  owner: row.ownerId === null ? 'organisation' : 'person',
  host: row.host,
  path: row.path,
  username: row.username,
  created_at: row.createdAt.toISOString(),
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  refused_at: row.refusedAt?.toISOString() ?? null,
});
