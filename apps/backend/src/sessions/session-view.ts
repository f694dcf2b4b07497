import type { Session } from '@saas-codex/contracts/sessions';
import type { SessionEntity } from './session.entity.js';

/** A session as clients see it. */
export const toSession = (session: SessionEntity, repoPath: string): Session => ({
  session_id: session.id,
  title: session.title,
  repo_url: session.repoUrl,
  ref: session.ref,
  base_commit: session.baseCommit,
  repo_path: repoPath,
  thread_id: session.threadId,
  model: session.model,
  network: session.network,
  trust_repository: session.trustRepository,
  setup: session.setup,
  setup_status: session.setupStatus,
  last_run_status: session.lastRunStatus,
  status: session.status,
  failure:
    session.failureCode === null ? null : { code: session.failureCode, detail: session.failureDetail ?? '' },
  notices: session.notices,
  active_run_id: session.activeRunId,
  queued_runs: session.queuedRuns,
  queue_held: session.queueHeld,
  diff: session.diff,
  created_at: session.createdAt.toISOString(),
  updated_at: session.updatedAt.toISOString(),
});
