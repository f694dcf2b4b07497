import { KeepGreen } from '@saas-codex/contracts/keep-green';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import type {
  PullRequest,
  PullRequestCheck,
  PullRequestComment,
  PullRequestReview,
  PullRequestState,
  PullRequestSummary,
} from '@saas-codex/contracts/pull-requests';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows, sessionIsVisible } from '../database/private-rows.js';
import { TenantRow } from '../database/tenant-row.js';
import { checksState, promptFor } from './follow-up-prompt.js';

/** What a person asked for. */
export interface WantedPullRequest {
  title: string;
  body: string;
  /** null: the default branch. */
  base: string | null;
  draft: boolean;
  labels: string[];
  reviewers: string[];
}

/** How it is kept green, and the id of the API key with which that was asked for. null: a person did in a browser */
export type KeptGreen = KeepGreen & { keyId: string | null };

/** What the forge said when it was last read. */
export interface SeenPullRequest {
  base: string;
  headCommit: string;
  conflicts: boolean | null;
  checks: PullRequestCheck[];
  reviews: PullRequestReview[];
  comments: PullRequestComment[];
}

/** Whoever reads the session reads its pull request, except readers by link: it has what people wrote elsewhere. */
@PrivateRows(
  (tenant) =>
    `EXISTS (SELECT FROM sessions s WHERE s.tenant_id = ${tenant} AND s.id = session_id AND ${sessionIsVisible('s.')})`,
)
@Entity('pull_requests')
export class PullRequestEntity extends TenantRow {
  @PrimaryColumn('uuid')
  sessionId: string;

  @Column({ type: 'text' })
  repoUrl: string;

  /** As webhooks name it, with its host: `github.com/acme/app`, in small letters. null: the forge was not asked yet. */
  @Column({ type: 'text', nullable: true })
  repository: string | null;

  /** The branch that was pushed. */
  @Column({ type: 'text' })
  head: string;

  /** What was last pushed there. */
  @Column({ type: 'text' })
  headCommit: string;

  @Column({ type: 'jsonb' })
  wanted: WantedPullRequest;

  /** Counts what was asked for. */
  @Column({ type: 'int' })
  wantedVersion: number;

  /** The version of `wanted` that the forge has. */
  @Column({ type: 'int' })
  appliedVersion: number;

  /** When a new pull request was last asked for. Closed ones that the forge has from before are not this one. */
  @Column({ type: 'timestamptz', precision: 3 })
  openedAt: Date;

  /** The merged or closed one that came before it. */
  @Column({ type: 'int', nullable: true })
  replaces: number | null;

  @Column({ type: 'int', nullable: true })
  number: number | null;

  @Column({ type: 'text', nullable: true })
  url: string | null;

  @Column({ type: 'text', nullable: true })
  state: PullRequestState | null;

  @Column({ type: 'jsonb', nullable: true })
  seen: SeenPullRequest | null;

  /** Whether what fails is mended by itself, and what was done so far. */
  @Column({ type: 'jsonb', nullable: true })
  keepGreen: KeptGreen | null;

  @Column({ type: 'jsonb', nullable: true })
  failure: { code: ProblemCode; detail: string } | null;

  /** Attempts in a row that have failed. */
  @Column({ type: 'int', default: 0 })
  failures: number;

  /** When the forge is asked next. null: not before something changes here. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  nextAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  readAt: Date | null;

  /** When something of it last changed that a reader sees. */
  @Column({ type: 'timestamptz', precision: 3 })
  changedAt: Date;

  /** Whose connection to the forge is used: that of the person who asked last. */
  @Column({ type: 'text' })
  createdBy: string;

  @Column({ type: 'timestamptz', precision: 3 })
  createdAt: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  updatedAt: Date;
}

/** Whether the forge lacks what was asked for. */
export const isPending = ({ wantedVersion, appliedVersion }: PullRequestEntity): boolean =>
  appliedVersion < wantedVersion;

/** Whether nothing of it changes any more, unless somebody opens it again. */
export const isEnded = ({ state }: Pick<PullRequestEntity, 'state'>): boolean =>
  state === 'merged' || state === 'closed';

export const toSummary = (row: PullRequestEntity): PullRequestSummary => ({
  status: statusOf(row),
  number: row.number,
  url: row.url,
  state: row.state,
  checks: checksState(row.seen?.checks ?? []),
  changed_at: row.changedAt.toISOString(),
});

export const toPullRequest = (row: PullRequestEntity): PullRequest => ({
  session_id: row.sessionId,
  status: statusOf(row),
  failure: row.failure,
  retry_at: row.failure && (row.nextAt?.toISOString() ?? null),
  number: row.number,
  url: row.url,
  state: row.state,
  title: row.wanted.title,
  body: row.wanted.body,
  base: row.wanted.base ?? row.seen?.base ?? null,
  head: row.head,
  labels: row.wanted.labels,
  reviewers: row.wanted.reviewers,
  conflicts: row.seen?.conflicts ?? null,
  checks_state: checksState(row.seen?.checks ?? []),
  checks: row.seen?.checks ?? [],
  reviews: row.seen?.reviews ?? [],
  comments: row.seen?.comments ?? [],
  prompt: row.seen && !isEnded(row) ? promptFor(row.seen) : null,
  keep_green: row.keepGreen && KeepGreen.parse(row.keepGreen),
  read_at: row.readAt?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});

/** A failure that is tried again by itself leaves what was asked for on its way. */
function statusOf(row: PullRequestEntity): PullRequest['status'] {
  if (row.failure !== null && row.nextAt === null) return 'failed';
  return isPending(row) ? 'pending' : 'ready';
}
