import type { Author } from '@saas-codex/contracts/authors';
import type { Commit, CommitMode } from '@saas-codex/contracts/shipping';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows, sessionIsVisible } from '../database/private-rows.js';
import { TenantRow } from '../database/tenant-row.js';

/** Who reads the session reads its commits, except readers by link. */
@PrivateRows(
  (tenant) =>
    `EXISTS (SELECT FROM sessions s WHERE s.tenant_id = ${tenant} AND s.id = session_id AND ${sessionIsVisible('s.')})`,
)
@Entity('session_commits')
export class CommitEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'uuid', update: false })
  sessionId: string;

  /** Of the git commit, in `history.git`. */
  @Column({ type: 'text', update: false })
  oid: string;

  @Column({ type: 'text', nullable: true, update: false })
  parent: string | null;

  /** The checkpoint that was reviewed. */
  @Column({ type: 'text', update: false })
  tree: string;

  @Column({ type: 'text', update: false })
  mode: CommitMode;

  @Column({ type: 'int', update: false })
  commits: number;

  @Column({ type: 'text', update: false })
  message: string;

  @Column({ type: 'text', array: true, update: false })
  leftOut: string[];

  /** Fingerprint of the key that signed it; null: none did. */
  @Column({ type: 'text', nullable: true, update: false })
  signedWith: string | null;

  /** The commit at which the agent's own repository was. null: it was not known */
  @Column({ type: 'text', nullable: true, update: false })
  agentHead: string | null;

  @Column({ type: 'text', update: false })
  createdBy: string;

  @Column({ type: 'jsonb', update: false })
  author: Author;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;
}

export const toCommit = (row: CommitEntity): Commit => ({
  commit_id: row.id,
  session_id: row.sessionId,
  oid: row.oid,
  parent: row.parent,
  tree: row.tree,
  mode: row.mode,
  commits: row.commits,
  message: row.message,
  left_out: row.leftOut,
  signed_with: row.signedWith,
  created_by: row.author,
  created_at: row.createdAt.toISOString(),
});
