import type { SessionEntity } from '../sessions/session.entity.js';
import type { RunEntity } from './run.entity.js';

/**
 * Whether a session's prompts wait: as long as it has a setup script whose last run has not succeeded. Whoever reads
 * the session sees the same, in `setup` and `setup_status`.
 */
const holdsPrompts = (session: SessionEntity): boolean =>
  session.setup !== null && session.setupStatus !== 'succeeded';

/** Whether a run that waits may start, as far as the session's setup is concerned. */
export const mayStart = (session: SessionEntity, run: Pick<RunEntity, 'kind'>): boolean =>
  run.kind === 'setup' || !holdsPrompts(session);

/** The same in SQL, of prompts `r` that nothing but their session's setup can let go on or end; `s` is the session. */
export const HELD = `
  r.kind = 'prompt' AND r.status = 'queued' AND r.dispatched_at IS NULL AND r.cancel_requested_at IS NULL
  AND s.status = 'ready' AND s.deleted_at IS NULL
  AND s.setup IS NOT NULL AND s.setup_status IS DISTINCT FROM 'succeeded'`;
