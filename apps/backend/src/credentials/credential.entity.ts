import type { Credential } from '@saas-codex/contracts/credentials';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows } from '../database/private-rows.js';
import { TenantRow } from '../database/tenant-row.js';
import { fingerprintOf } from './ssh-keys.js';

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

  /** Of a token. */
  @Column({ type: 'text', nullable: true, update: false })
  username: string | null;

  /** Of a key: `ssh-ed25519 AAAA…` */
  @Column({ type: 'text', nullable: true })
  publicKey: string | null;

  /** Of a key: those of its host, as they were found, such as `ssh-ed25519 AAAA…`. null: nobody has looked. */
  @Column({ type: 'text', array: true, nullable: true })
  hostKeys: string[] | null;

  /** Before that, the key is not used. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  hostKeysConfirmedAt: Date | null;

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
  public_key: row.publicKey,
  host_keys:
    row.hostKeys?.map((key) => ({ type: key.split(' ')[0] ?? '', fingerprint: fingerprintOf(key) })) ?? null,
  host_keys_confirmed_at: row.hostKeysConfirmedAt?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  refused_at: row.refusedAt?.toISOString() ?? null,
});
