import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TenantRow } from '../database/tenant-row.js';

@Entity('share_links')
export class ShareLinkEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'uuid', update: false })
  sessionId: string;

  @Column({ type: 'text' })
  tokenHash: string;

  @Column({ type: 'text', update: false })
  createdBy: string;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  expiresAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  revokedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  lastOpenedAt: Date | null;
}
