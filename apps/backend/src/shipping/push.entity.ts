import type { Author } from '@saas-codex/contracts/authors';
import { isProblemCode, type ProblemCode, PROBLEMS } from '@saas-codex/contracts/problems';
import type { LastPush, Push, PushStatus } from '@saas-codex/contracts/shipping';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows, sessionIsVisible } from '../database/private-rows.js';
import { TenantRow } from '../database/tenant-row.js';

/** Who reads the session reads its pushes, except readers by link. */
@PrivateRows(
  (tenant) =>
    `EXISTS (SELECT FROM sessions s WHERE s.tenant_id = ${tenant} AND s.id = session_id AND ${sessionIsVisible('s.')})`,
)
@Entity('session_pushes')
export class PushEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'uuid', update: false })
  sessionId: string;

  @Column({ type: 'uuid', update: false })
  commitId: string;

  /** The git commit that the branch shall lead to. */
  @Column({ type: 'text', update: false })
  oid: string;

  @Column({ type: 'text', update: false })
  repoUrl: string;

  @Column({ type: 'text', update: false })
  branch: string;

  /** The branch that the work is for, as the host had it at the push. */
  @Column({ type: 'text', nullable: true })
  baseRef: string | null;

  @Column({ type: 'text' })
  status: PushStatus;

  /** Of the last try. */
  @Column({ type: 'text', nullable: true })
  failureCode: ProblemCode | null;

  @Column({ type: 'text', nullable: true })
  failureDetail: string | null;

  @Column({ type: 'text', nullable: true })
  hostMessage: string | null;

  @Column({ type: 'int', default: 0 })
  attempts: number;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  retryAt: Date | null;

  @Column({ type: 'text', update: false })
  createdBy: string;

  @Column({ type: 'jsonb', update: false })
  author: Author;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  pushedAt: Date | null;
}

function failureOf({ failureCode: code, failureDetail }: PushEntity): Push['failure'] {
  if (code === null) return null;
  // A newer version may have written a code that we do not have.
  const title = isProblemCode(code) ? PROBLEMS[code].title : undefined;
  return { code, ...(title !== undefined && { title }), detail: failureDetail ?? '' };
}

export const toPush = (row: PushEntity): Push => ({
  push_id: row.id,
  session_id: row.sessionId,
  commit_id: row.commitId,
  oid: row.oid,
  repo_url: row.repoUrl,
  branch: row.branch,
  status: row.status,
  failure: failureOf(row),
  retry_at: row.retryAt?.toISOString() ?? null,
  base_ref: row.baseRef,
  host_message: row.hostMessage,
  created_by: row.author,
  created_at: row.createdAt.toISOString(),
  pushed_at: row.pushedAt?.toISOString() ?? null,
});

/** What the session's own row has of it. */
export const toLastPush = (
  row: Pick<PushEntity, 'id' | 'status' | 'branch' | 'oid' | 'retryAt'>,
): LastPush => ({
  push_id: row.id,
  status: row.status,
  branch: row.branch,
  oid: row.oid,
  retry_at: row.retryAt?.toISOString() ?? null,
});
