import { isInConversation, type RunKind, type RunStatus } from '@saas-codex/contracts/runs';
import type { Setup } from '@saas-codex/contracts/sessions';

/**
 * The setup gate: a session's prompts, reviews and compactions wait for as long as it has a setup script whose last run has not succeeded. Clients
 * see this in a session's `setup` and `setup_status`. All other runs pass the gate, so they overtake prompts that wait.
 */
export const isBlockedBySetup = (
  kind: RunKind,
  session: { setup: Setup | null; setupStatus: RunStatus | null },
): boolean => isInConversation(kind) && session.setup !== null && session.setupStatus !== 'succeeded';

/**
 * SQL condition on a run `r` and its session `s`: the run is one of Codex that waits for the setup and for nothing else. Only a
 * person can unblock it (fix or remove the script, or cancel the prompt), so there is no work to do for it.
 */
export const BLOCKED_BY_SETUP = `
  r.kind NOT IN ('setup', 'check', 'edit', 'proposal') AND r.status = 'queued' AND r.dispatched_at IS NULL AND r.cancel_requested_at IS NULL
  AND s.status = 'ready' AND s.deleted_at IS NULL
  AND s.setup IS NOT NULL AND s.setup_status IS DISTINCT FROM 'succeeded'`;
