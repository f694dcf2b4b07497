import { type Run, type RunInput, RUN_TRANSITIONS, textOfInput } from '@saas-codex/contracts/runs';
import { isFinal } from '@saas-codex/contracts/transitions';
import { positionOf, waits } from './queue-order.js';
import type { RunEntity } from './run.entity.js';

/** A run as lists show it. */
export const toRun = (run: RunEntity): Run => ({
  run_id: run.id,
  session_id: run.sessionId,
  kind: run.kind,
  prompt: textOfInput(run.input),
  ...modelOf(run.input),
  ...(run.input.kind === 'prompt' && run.input.images && { images: run.input.images }),
  status: run.status,
  held: run.held && run.status === 'queued',
  queue_position: waits(run) ? positionOf(run) : null,
  error: run.error,
  usage: run.usage,
  context: run.context,
  diff: run.diff,
  ...(run.author && { created_by: run.author }),
  edited_by: run.editedBy,
  edited_at: run.editedAt?.toISOString() ?? null,
  cancelled_by: run.cancelledBy,
  rewound_at: run.rewoundAt?.toISOString() ?? null,
  created_at: run.createdAt.toISOString(),
  started_at: run.startedAt?.toISOString() ?? null,
  ended_at: run.endedAt?.toISOString() ?? null,
});

const modelOf = (input: RunInput): Pick<Run, 'model' | 'reasoning_effort'> =>
  input.kind === 'setup' || input.kind === 'check' || input.kind === 'edit'
    ? { model: null, reasoning_effort: null }
    : { model: input.model ?? null, reasoning_effort: input.effort ?? null };

/** A run of a session that is private to another person: only that it exists. */
export const toRunOutline = (run: RunEntity): Run => ({
  run_id: run.id,
  session_id: run.sessionId,
  kind: run.kind,
  prompt: '',
  status: run.status,
  error: null,
  usage: null,
  diff: null,
  cancelled_by: run.cancelledBy,
  created_at: run.createdAt.toISOString(),
  started_at: run.startedAt?.toISOString() ?? null,
  ended_at: run.endedAt?.toISOString() ?? null,
});

/** A run with its result. @param finalMessage the agent's last message, once the run has ended */
export const toRunWithResult = (run: RunEntity, finalMessage: string | null): Run => ({
  ...toRun(run),
  result: isFinal(RUN_TRANSITIONS, run.status)
    ? {
        final_message: finalMessage,
        usage: run.usage,
        files_changed: run.diff?.files ?? null,
        additions: run.diff?.additions ?? null,
        deletions: run.diff?.deletions ?? null,
      }
    : null,
});

/** A run as readers by link see it, without images. What a run will have further is not theirs unless it is added here. */
export const toSharedRun = (run: Run): Run => ({
  run_id: run.run_id,
  session_id: run.session_id,
  kind: run.kind,
  prompt: run.prompt,
  status: run.status,
  held: run.held,
  queue_position: run.queue_position,
  error: run.error,
  usage: run.usage,
  diff: run.diff,
  rewound_at: run.rewound_at,
  created_at: run.created_at,
  started_at: run.started_at,
  ended_at: run.ended_at,
  ...(run.result !== undefined && { result: run.result }),
});
