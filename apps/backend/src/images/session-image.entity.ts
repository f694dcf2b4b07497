import type { ImageType, InputImage, SessionImage } from '@saas-codex/contracts/images';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows, sessionIsVisible } from '../database/private-rows.js';
import { TenantRow } from '../database/tenant-row.js';

/** Whoever reads the session sees its images, except readers by link: nothing can redact what an image shows. */
@PrivateRows(
  (tenant) =>
    `EXISTS (SELECT FROM sessions s WHERE s.tenant_id = ${tenant} AND s.id = session_id AND ${sessionIsVisible('s.')})`,
)
@Entity('session_images')
export class SessionImageEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'uuid', update: false })
  sessionId: string;

  @Column({ type: 'text', update: false })
  mediaType: ImageType;

  @Column({ type: 'int', update: false })
  bytes: number;

  /** In pixels, as it is shown. */
  @Column({ type: 'int', update: false })
  width: number;

  @Column({ type: 'int', update: false })
  height: number;

  @Column({ type: 'text', update: false })
  createdBy: string;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;

  /** When a prompt first named it; null: none did, and it is removed after a day. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  usedAt: Date | null;
}

export const toInputImage = ({ id, mediaType, bytes, width, height }: SessionImageEntity): InputImage => ({
  image_id: id,
  media_type: mediaType,
  bytes,
  width,
  height,
});

export const toSessionImage = (image: SessionImageEntity): SessionImage => ({
  ...toInputImage(image),
  session_id: image.sessionId,
  created_at: image.createdAt.toISOString(),
});
