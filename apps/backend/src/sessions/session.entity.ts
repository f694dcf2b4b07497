import type { ApprovalMode } from '@saas-codex/contracts/approval-questions';
import type { Author } from '@saas-codex/contracts/authors';
import type { ReasoningEffort } from '@saas-codex/contracts/models';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { DiffStat } from '@saas-codex/contracts/diffs';
import type { NeedsYou } from '@saas-codex/contracts/needs-you';
import type { Network } from '@saas-codex/contracts/network';
import type { AgentHead, RewindStatus } from '@saas-codex/contracts/rewinds';
import type { PullRequestSummary } from '@saas-codex/contracts/pull-requests';
import type { RunStatus, SessionBase } from '@saas-codex/contracts/runs';
import type { LastPush } from '@saas-codex/contracts/shipping';
import type {
  RepositoryPart,
  SessionNotice,
  SessionStatus,
  SessionVisibility,
  Setup,
} from '@saas-codex/contracts/sessions';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows, sessionIsVisible } from '../database/private-rows.js';
import { SharedRows } from '../database/shared-rows.js';
import { TenantRow } from '../database/tenant-row.js';

@PrivateRows(() => sessionIsVisible())
@Entity('sessions')
@SharedRows('id = :onlySessionId')
export class SessionEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  /** Id of the user who created it. */
  @Column({ type: 'text' })
  createdBy: string;

  /** To whom it was handed over; null: it belongs to its creator. */
  @Column({ type: 'text', nullable: true })
  ownerId: string | null;

  @Column({ type: 'text', default: 'tenant' })
  visibility: SessionVisibility;

  @Column({ type: 'text' })
  title: string;

  /** False: the title is generated, and the first prompt may still replace it. */
  @Column({ type: 'boolean' })
  titleGiven: boolean;

  @Column({ type: 'text', nullable: true })
  repoUrl: string | null;

  @Column({ type: 'text', nullable: true })
  ref: string | null;

  @Column({ type: 'text', nullable: true })
  model: string | null;

  @Column({ type: 'text', nullable: true })
  reasoningEffort: ReasoningEffort | null;

  @Column({ type: 'jsonb', default: { mode: 'off' } })
  network: Network;

  /** Whether Codex starts what the repository's `.codex` folder names. */
  @Column({ type: 'boolean', default: false })
  trustRepository: boolean;

  /** When Codex asks a person. */
  @Column({ type: 'text', default: 'never' })
  approvalMode: ApprovalMode;

  /** Names of the environment secrets that its runs get. */
  @Column({ type: 'text', array: true, default: [] })
  secrets: string[];

  @Column({ type: 'jsonb', nullable: true })
  setup: Setup | null;

  /** Status of the last setup run. Part of the run summary, like `activeRunId`. */
  @Column({ type: 'text', nullable: true })
  setupStatus: RunStatus | null;

  /** Status of the last prompt that has ended. Part of the run summary. */
  @Column({ type: 'text', nullable: true })
  lastRunStatus: RunStatus | null;

  /** Who wrote it. Part of the run summary. */
  @Column({ type: 'text', nullable: true })
  lastRunBy: string | null;

  /** Why it waits for a person; see `needs-you.ts`, which keeps this and `newsAt`. */
  @Column({ type: 'jsonb', nullable: true })
  needsYou: NeedsYou | null;

  /** When something last happened that people read. */
  @Column({ type: 'timestamptz', precision: 3 })
  newsAt: Date;

  @Column({ type: 'text' })
  status: SessionStatus;

  @Column({ type: 'text', nullable: true })
  failureCode: ProblemCode | null;

  @Column({ type: 'text', nullable: true })
  failureDetail: string | null;

  @Column({ type: 'text', nullable: true })
  baseCommit: string | null;

  /** Git tree of the work tree as cloned, where the session's diff starts. null: not cloned yet. */
  @Column({ type: 'text', nullable: true })
  baseTree: string | null;

  /** What was to be fetched with the repository. */
  @Column({ type: 'text', array: true, default: [] })
  include: RepositoryPart[];

  /** What the clone lacks. */
  @Column({ type: 'jsonb', default: [] })
  notices: SessionNotice[];

  @Column({ type: 'text', nullable: true })
  threadId: string | null;

  /** The last rewind; null: there was none, or a run has started since. */
  @Column({ type: 'jsonb', nullable: true })
  rewind: Rewind | null;

  /** Git tree of the workspace, if something else than a run has made it: a rewind or a fork. null: as the last run left it. */
  @Column({ type: 'text', nullable: true })
  restoredTree: string | null;

  /** What it continues; null: it began with a clone. */
  @Column({ type: 'jsonb', nullable: true })
  forkedFrom: ForkedFrom | null;

  /** The last push, as `PushEntity` has it. null: there was none. */
  @Column({ type: 'jsonb', nullable: true })
  lastPush: LastPush | null;

  /** How the workspace differed from `baseTree` after the last run. */
  @Column({ type: 'jsonb', nullable: true })
  diff: DiffStat | null;

  /** Of its pull request, which `pull-requests/` keeps. null: there is none. */
  @Column({ type: 'jsonb', nullable: true })
  pullRequest: PullRequestSummary | null;

  /** Run summary: updated in the transaction that changes the runs, so that lists need not query each session's runs. */
  @Column({ type: 'uuid', nullable: true })
  activeRunId: string | null;

  @Column({ type: 'int', default: 0 })
  queuedRuns: number;

  /** Whether any of them is held. */
  @Column({ type: 'boolean', default: false })
  queueHeld: boolean;

  @Column({ type: 'timestamptz', precision: 3 })
  createdAt: Date;

  /** Last activity. */
  @Column({ type: 'timestamptz', precision: 3 })
  updatedAt: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  archivedAt: Date | null;

  /** Set: the session's folder was removed, and with it its diffs. Its runs and their events remain. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  workspaceRemovedAt: Date | null;

  /** Size of its folder. TypeORM reads a bigint as a string. */
  @Column({ type: 'bigint', default: '0' })
  diskBytes: string;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  diskMeasuredAt: Date | null;

  /** Set: the session is hidden from clients, and its runs, workspace and row are being removed. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  deletedAt: Date | null;
}

/** A state of a session between two runs. */
export interface SessionState {
  tree: string;
  /** null: it is not known where the agent's own repository was. */
  head: AgentHead | null;
  /** Codex's id of its conversation; null: nothing has been said. */
  conversation: string | null;
  /** Where the session's changes begin. Left out: as they do now. */
  base?: SessionBase;
}

export interface RewindStates {
  before: SessionState;
  after: SessionState;
  /** Git tree: `after`, and files that only the rules of `before` ignore. Undoing brings them back. Left out: there are none. */
  unignored?: string;
}

export interface Rewind {
  id: string;
  /** The session goes back to before this run. */
  runId: string;
  status: RewindStatus;
  by: Author;
  /** In ISO 8601. Runs that it takes back have it as `rewoundAt`. */
  at: string;
  failure: string | null;
  /** Both are recorded before anything changes. null: not yet. */
  states: RewindStates | null;
}

export interface ForkedFrom {
  sessionId: string;
  runId: string;
  /** The workspace after that run. */
  tree: string;
  /** The commit at which its changes began then. Left out: that of the session. */
  baseCommit?: string;
}

/** Whether files and conversation are being changed: no run may start. */
export const isMoving = ({ rewind }: Pick<SessionEntity, 'rewind'>): boolean =>
  rewind?.status === 'rewinding' || rewind?.status === 'undoing';

/** A session as background work names it. */
export interface SessionRef {
  tenantId: string;
  sessionId: string;
}
