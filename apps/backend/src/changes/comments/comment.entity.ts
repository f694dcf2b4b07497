import type { Author } from '@saas-codex/contracts/authors';
import type { CommentSide } from '@saas-codex/contracts/comments';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows, sessionIsVisible } from '../../database/private-rows.js';
import { TenantRow } from '../../database/tenant-row.js';
import type { LineAnchor } from '../../workspaces/history/history.js';

/** Whoever reads the session reads its comments. Readers by link don't: they are what colleagues say to each other. */
@PrivateRows(
  (tenant) =>
    `EXISTS (SELECT FROM sessions s WHERE s.tenant_id = ${tenant} AND s.id = session_id AND ${sessionIsVisible('s.')})`,
)
@Entity('comments')
export class CommentEntity extends TenantRow implements LineAnchor {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'uuid', update: false })
  sessionId: string;

  @Column({ type: 'text' })
  text: string;

  @Column({ type: 'text', update: false })
  side: CommentSide;

  /** The checkpoint in which its lines were commented on. */
  @Column({ type: 'text', update: false })
  tree: string;

  @Column({ type: 'text', update: false })
  path: string;

  @Column({ type: 'int', update: false })
  firstLine: number;

  /** The lines, and some before and after them. They say where the comment belongs in later checkpoints. */
  @Column({ type: 'jsonb', update: false })
  code: string[];

  @Column({ type: 'jsonb', update: false })
  before: string[];

  @Column({ type: 'jsonb', update: false })
  after: string[];

  @Column({ type: 'text', update: false })
  createdBy: string;

  @Column({ type: 'jsonb', update: false })
  author: Author;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  editedAt: Date | null;

  /** The run that it was sent with. If that never began, or was taken back, the comment has not been sent: see `sent-runs.ts`. */
  @Column({ type: 'uuid', nullable: true })
  runId: string | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  sentAt: Date | null;

  @Column({ type: 'jsonb', nullable: true })
  resolvedBy: Author | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  resolvedAt: Date | null;
}
