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
