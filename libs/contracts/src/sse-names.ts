import { type EventId, toEntryId } from './event-ids.js';

/*
 * What event streams and their addresses are made of, without any schema: a worker of the web app that only passes events
 * on needs nothing else.
 */

/** SSE events that are not entries of a log: they have no id. */
export const SSE_HEARTBEAT = 'heartbeat';
export const SSE_END = 'end';
/** Something in between is lost for this reader, who should read the state again: lists, or the log from its beginning. */
export const SSE_RESYNC = 'resync';

/** SSE events of watched runs (watched-runs.ts). */
export const SSE_RUN = 'run';
export const SSE_RUN_END = 'run.end';
export const SSE_RUN_ERROR = 'run.error';

export const MAX_WATCHED_RUNS = 50;

export interface WatchedRun {
  runId: string;
  /** The last event that the reader has. */
  after: EventId;
}

/** The list for `?runs=`. */
export const formatWatchedRuns = (runs: readonly WatchedRun[]): string =>
  runs.map(({ runId, after }) => `${runId}@${toEntryId(after)}`).join(',');
