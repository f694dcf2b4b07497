import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TenantRow } from '../database/tenant-row.js';

/** Where a forge reports what happens. What it signs with is the secret with the same id. */
@Entity('forge_webhooks')
export class ForgeWebhookEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  /** The connected forge, whose id is in the address. */
  @Column({ type: 'uuid', update: false })
  forgeId: string;

  @Column({ type: 'text', update: false })
  createdBy: string;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;
}
