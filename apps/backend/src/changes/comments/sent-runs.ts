import { In } from 'typeorm';
import type { TenantTransaction } from '../../database/tenant-database.js';
import { isEnded } from '../../runs/run-store.js';
import { RunEntity } from '../../runs/run.entity.js';
import type { CommentEntity } from './comment.entity.js';

/**
 * A prompt that waited may have left the queue as a message to the run that worked (a steer), which has its text. That run
 * worked on it then, or the one that the message became when it came too late.
 */
const WORKED_IN = `
  SELECT s.queued_run_id AS "queuedRunId", s.run_id AS "steeredRunId", r.id AS "runId"
    FROM runs r JOIN run_steers s
      ON s.tenant_id = r.tenant_id AND s.session_id = r.session_id AND s.prompt = r.input->>'prompt'
   WHERE r.tenant_id = $1 AND r.id = ANY ($2::uuid[]) AND r.status = 'cancelled' AND r.dispatched_at IS NULL
   ORDER BY s.created_at`;

interface WorkedIn {
  runId: string;
  steeredRunId: string;
  queuedRunId: string | null;
}

/**
 * The runs that the agent got comments in, by the id of the run that they were sent with. There is none for comments whose run
 * ended in the queue or was taken back: the agent does not know them, so they can be sent again.
 */
export async function readSentRuns(
  tx: TenantTransaction,
  comments: readonly CommentEntity[],
): Promise<ReadonlyMap<string, RunEntity>> {
  const ids = [...new Set(comments.flatMap(({ runId }) => (runId === null ? [] : [runId])))];
  if (ids.length === 0) return new Map();
  const workedIn = new Map(ids.map((id) => [id, id]));
  for (const row of await tx.manager.query<WorkedIn[]>(WORKED_IN, [tx.scope.tenantId, ids]))
    workedIn.set(row.runId, row.queuedRunId ?? row.steeredRunId);
  const runs = await tx.of(RunEntity).find({ where: { id: In([...new Set(workedIn.values())]) } });
  const known = new Map(runs.map((run) => [run.id, run]));
  return new Map(
    [...workedIn].flatMap(([id, in_]) => {
      const run = known.get(in_);
      const hasReached = run && run.rewoundAt === null && !(isEnded(run) && run.dispatchedAt === null);
      return hasReached ? [[id, run] as const] : [];
    }),
  );
}

/** The run that the agent got the comment in; undefined: it has not been sent. */
export const sentRunOf = (
  { runId }: CommentEntity,
  sentRuns: ReadonlyMap<string, RunEntity>,
): RunEntity | undefined => (runId === null ? undefined : sentRuns.get(runId));
