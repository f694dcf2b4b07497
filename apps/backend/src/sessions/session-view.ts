import type { Session } from '@saas-codex/contracts/sessions';
import { isProblemCode, PROBLEMS } from '@saas-codex/contracts/problems';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import type { SessionRewind } from '@saas-codex/contracts/rewinds';
import type { Rewind, SessionEntity } from './session.entity.js';

/** The id of the person or program that the session belongs to. */
export const ownerOf = ({ ownerId, createdBy }: SessionEntity): string => ownerId ?? createdBy;

/** The one person who may read it; null: everybody in the tenant may. The same as `sessionPrivateTo` in `private-rows.ts`. */
export const privateTo = (session: SessionEntity): string | null =>
  session.visibility === 'tenant' ? null : ownerOf(session);

function failureOf({ failureCode: code, failureDetail }: SessionEntity): Session['failure'] {
  if (code === null) return null;
  // A newer version may have written a code that we do not have.
  const title = isProblemCode(code) ? PROBLEMS[code].title : undefined;
  return { code, ...(title !== undefined && { title }), detail: failureDetail ?? '' };
}

/** A session as clients see it. */
export const toSession = (session: SessionEntity, repoPath: string): Session => ({
  session_id: session.id,
  title: session.title,
  repo_url: session.repoUrl,
  ref: session.ref,
  include: session.include,
  base_commit: session.baseCommit,
  repo_path: repoPath,
  thread_id: session.threadId,
  model: session.model,
  reasoning_effort: session.reasoningEffort,
  network: session.network,
  trust_repository: session.trustRepository,
  approval_mode: session.approvalMode,
  secrets: session.secrets,
  setup: session.setup,
  setup_status: session.setupStatus,
  last_run_status: session.lastRunStatus,
  last_run_by: session.lastRunBy,
  needs_you: session.needsYou,
  news_at: session.newsAt.toISOString(),
  owner_id: ownerOf(session),
  visibility: session.visibility,
  status: session.status,
  failure: failureOf(session),
  notices: session.notices,
  active_run_id: session.activeRunId,
  queued_runs: session.queuedRuns,
  queue_held: session.queueHeld,
  rewind: session.rewind && toRewind(session.rewind),
  forked_from: session.forkedFrom && {
    session_id: session.forkedFrom.sessionId,
    run_id: session.forkedFrom.runId,
  },
  last_push: session.lastPush,
  diff: session.diff,
  pull_request: session.pullRequest,
  created_at: session.createdAt.toISOString(),
  updated_at: session.updatedAt.toISOString(),
});

const toRewind = ({ id, runId, status, failure, by, at }: Rewind): SessionRewind => ({
  rewind_id: id,
  run_id: runId,
  status,
  failure,
  by,
  at,
});

/** A session as readers by link see it: without what says how the organisation works. */
export const toSharedSession = (session: Session): Session => ({
  session_id: session.session_id,
  title: session.title,
  repo_url: session.repo_url,
  ref: session.ref,
  base_commit: session.base_commit,
  repo_path: '',
  thread_id: null,
  model: session.model,
  network: NETWORK_OFF,
  setup: null,
  setup_status: null,
  last_run_status: session.last_run_status,
  status: session.status,
  failure: session.failure && { ...session.failure, detail: 'The session could not be set up.' },
  notices: [],
  active_run_id: session.active_run_id,
  queued_runs: session.queued_runs,
  queue_held: session.queue_held,
  diff: session.diff,
  created_at: session.created_at,
  updated_at: session.updated_at,
});

/** A session that is private to another person, as those see it who may stop and delete it: only that it exists. */
export const toSessionOutline = (session: SessionEntity): Session => ({
  session_id: session.id,
  title: 'Private session',
  repo_url: null,
  ref: null,
  base_commit: null,
  repo_path: '',
  thread_id: null,
  model: null,
  network: NETWORK_OFF,
  setup: null,
  setup_status: null,
  owner_id: ownerOf(session),
  visibility: session.visibility,
  status: session.status,
  failure: null,
  active_run_id: session.activeRunId,
  queued_runs: session.queuedRuns,
  diff: null,
  created_at: session.createdAt.toISOString(),
  updated_at: session.updatedAt.toISOString(),
});
