import { z } from 'zod';
import { BEFORE_FIRST_EVENT, parseEventId } from './event-ids.js';
import { AnyRunEvent, RunEvent } from './events.js';
import { Id } from './ids.js';
import { readJson } from './open-reading.js';
import { Problem } from './problems.js';
import { MAX_WATCHED_RUNS, type WatchedRun } from './sse-names.js';

/*
 * One event stream for everything that a browser watches: `GET /api/events?runs=<run_id>@<id>,<run_id>`. Besides its tenant's
 * activities, which alone have an `id:`, it has the events of these runs:
 *
 *     event: run         data: WatchedRunEvent     an event of one of the runs
 *     event: run.end     data: WatchedRunEnd       that run has ended, and all of its events have come
 *     event: run.error   data: WatchedRunError     that run cannot be watched; the others go on
 *
 * To watch other runs, a reader connects again with another list.
 */

export {
  formatWatchedRuns,
  MAX_WATCHED_RUNS,
  SSE_RUN,
  SSE_RUN_END,
  SSE_RUN_ERROR,
  type WatchedRun,
} from './sse-names.js';

export const WatchedRunEvent = z
  .object({
    id: z
      .string()
      .describe('Id of the entry, such as `7-0`, or `7-3` for a delta: continue with `<run_id>@7-3`'),
    event: RunEvent,
  })
  .meta({ id: 'WatchedRunEvent' });
export type WatchedRunEvent = z.infer<typeof WatchedRunEvent>;

const AnyWatchedRunEvent = z.object({ ...WatchedRunEvent.shape, event: AnyRunEvent });
/** Reads the data of a `run` event. @returns null when it is not one */
export const readWatchedRunEvent = (json: string): z.infer<typeof AnyWatchedRunEvent> | null =>
  readJson(AnyWatchedRunEvent, json);

export const WatchedRunEnd = z.object({ run_id: z.uuid() }).meta({ id: 'WatchedRunEnd' });
export type WatchedRunEnd = z.infer<typeof WatchedRunEnd>;

export const WatchedRunError = z
  .object({ ...Problem.shape, run_id: z.uuid() })
  .meta({ id: 'WatchedRunError' });
export type WatchedRunError = z.infer<typeof WatchedRunError>;

/** Parses the list `<run_id>,<run_id>@<id>`. @returns null when it is malformed, too long, or names a run twice */
export function parseWatchedRuns(text: string): WatchedRun[] | null {
  const runs = text.split(',').map(parseWatchedRun);
  const valid = runs.filter((run) => run !== null);
  const different = new Set(valid.map(({ runId }) => runId)).size;
  return different === runs.length && different <= MAX_WATCHED_RUNS ? valid : null;
}

function parseWatchedRun(text: string): WatchedRun | null {
  const [id, cursor, ...rest] = text.split('@');
  const runId = Id.safeParse(id);
  const after = cursor === undefined ? BEFORE_FIRST_EVENT : parseEventId(cursor);
  return runId.success && after && rest.length === 0 ? { runId: runId.data, after } : null;
}
