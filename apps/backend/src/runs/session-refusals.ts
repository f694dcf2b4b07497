import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { SessionStatus } from '@saas-codex/contracts/sessions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { SessionEntity } from '../sessions/session.entity.js';

/** Why a session in this status accepts no run; null: it accepts runs. */
const REFUSALS: Record<SessionStatus, [ProblemCode, string] | null> = {
  provisioning: null,
  ready: null,
  failed: ['session_failed', 'The session’s failure says why. Set it up again, or start a new session.'],
  archived: ['session_archived', 'Unarchive it to continue, or start a new session.'],
};

/** @throws ProblemError session_failed, session_archived */
export function requireAcceptsRuns({ status }: SessionEntity): void {
  const refusal = REFUSALS[status];
  if (refusal) throw new ProblemError(...refusal);
}
