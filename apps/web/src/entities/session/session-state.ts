import type { Session } from '@saas-codex/contracts/sessions';

/**
 * What a session's setup script means for its prompts:
 *
 *     none     there is no script
 *     pending  it is queued or running: prompts wait for it
 *     held     its last run did not succeed, or it has not run: prompts wait for a person's decision
 *     done     prompts run
 *
 * A status that this build does not know counts as pending, so the page asks for no decision about it.
 */
export type SetupState = 'none' | 'pending' | 'held' | 'done';

/** Not `cancelled`: somebody wanted that. */
const FAILED_RUN: readonly string[] = ['failed', 'interrupted'];

const NOT_SUCCEEDED: readonly string[] = ['failed', 'cancelled', 'interrupted'];

export function setupState({
  setup,
  setup_status: status,
}: Pick<Session, 'setup' | 'setup_status'>): SetupState {
  if (!setup) return 'none';
  if (status === 'succeeded') return 'done';
  return status === null || NOT_SUCCEEDED.includes(status) ? 'held' : 'pending';
}

/** A session as a person sees it: its status and what its runs are doing. `unknown`: a status of a newer server. */
export type SessionState =
  | 'setting-up'
  | 'running'
  | 'at-limit'
  | 'asks'
  | 'queued'
  | 'held'
  | 'queue-held'
  | 'failed'
  | 'run-failed'
  | 'archived'
  | 'news'
  | 'idle'
  | 'unknown';

export function sessionState(session: Session): SessionState {
  switch (session.status) {
    case 'provisioning':
      return 'setting-up';
    case 'failed':
      return 'failed';
    case 'archived':
      return 'archived';
    case 'ready':
      if (session.needs_you?.reason === 'limit_reached') return 'at-limit';
      if (session.needs_you?.reason === 'approval_pending') return 'asks';
      if (session.active_run_id) return 'running';
      if (setupState(session) === 'held') return 'held';
      if (session.queue_held) return 'queue-held';
      if (session.queued_runs > 0) return 'queued';
      return FAILED_RUN.includes(session.last_run_status ?? '') ? 'run-failed' : 'idle';
    default:
      return 'unknown';
  }
}
