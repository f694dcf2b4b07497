import { type Run, textOfInput } from '@saas-codex/contracts/runs';
import type { RunEntity } from './run.entity.js';

/** A run as clients see it. */
export const toRun = (run: RunEntity): Run => ({
  run_id: run.id,
  session_id: run.sessionId,
  kind: run.kind,
  prompt: textOfInput(run.input),
  status: run.status,
  held: run.held && run.status === 'queued',
  error: run.error,
  usage: run.usage,
  diff: run.diff,
  created_at: run.createdAt.toISOString(),
  started_at: run.startedAt?.toISOString() ?? null,
  ended_at: run.endedAt?.toISOString() ?? null,
});
