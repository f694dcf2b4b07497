import type { Session } from '@saas-codex/contracts/sessions';

/**
 * What a session's setup script means for its prompts:
 *
 *     none     there is no script
 *     pending  it waits or runs: prompts wait for it
 *     held     its last run did not succeed, or there was none: prompts wait for a person
 *     done     prompts run
 */
export type SetupState = 'none' | 'pending' | 'held' | 'done';

export function setupState({
  setup,
  setup_status: status,
}: Pick<Session, 'setup' | 'setup_status'>): SetupState {
  if (!setup) return 'none';
  if (status === 'queued' || status === 'running') return 'pending';
  return status === 'succeeded' ? 'done' : 'held';
}

/** A session as a person sees it: its status, and what its runs are doing. */
export type SessionState =
  'setting-up' | 'running' | 'queued' | 'held' | 'failed' | 'archived' | 'news' | 'idle';

export function sessionState(session: Session): SessionState {
  if (session.status === 'provisioning') return 'setting-up';
  if (session.status !== 'ready') return session.status;
  if (session.active_run_id) return 'running';
  if (setupState(session) === 'held') return 'held';
  return session.queued_runs > 0 ? 'queued' : 'idle';
}
