import type { SecretKind } from '@saas-codex/contracts/secrets';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TenantRow } from '../database/tenant-row.js';

/** A secret of a tenant. Its value is sealed: see `envelope.ts`. */
@Entity('secrets')
export class SecretEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'text' })
  kind: SecretKind;

  @Column({ type: 'text' })
  name: string;

  /** Of the master key that wraps the data key. */
  @Column({ type: 'text' })
  keyId: string;

  @Column({ type: 'bytea' })
  wrappedKey: Buffer;

  @Column({ type: 'bytea' })
  ciphertext: Buffer;

  /** Id of the user who created it. */
  @Column({ type: 'text' })
  createdBy: string;

  @Column({ type: 'timestamptz', precision: 3 })
  createdAt: Date;

  /** When its value was last replaced. */
  @Column({ type: 'timestamptz', precision: 3 })
  updatedAt: Date;
}
