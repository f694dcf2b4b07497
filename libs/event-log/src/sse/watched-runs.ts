import type { IncomingMessage } from 'node:http';
import { SSE_RESYNC } from '@saas-codex/contracts/events';
import { type EventId, toEntryId } from '@saas-codex/contracts/event-ids';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import {
  MAX_WATCHED_RUNS,
  parseWatchedRuns,
  SSE_RUN,
  SSE_RUN_END,
  SSE_RUN_ERROR,
  type WatchedRun,
} from '@saas-codex/contracts/watched-runs';
import { toProblem } from '@saas-codex/service-kit/problem.filter';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { toFrameWithoutId } from './event-stream.js';
import type { Feed } from './feed.js';
import type { FeedView } from './feed-client.js';
import type { SseConnection } from './sse-connection.js';
import type { Encoding } from './wire-log.js';

/*
 * Several runs in one answer (libs/contracts, watched-runs): each is a client of its run's feed, and all write to the same
 * connection. The feed's frame becomes a frame without an id, around the same JSON:
 *
 *     id: 7-3                     event: run
 *     event: item.delta      ──►  data: {"id":"7-3","event":{…}}
 *     data: {…}
 */

/**
 * The runs that the request names in `?runs=`; empty when it names none.
 * @throws ProblemError invalid_request
 */
export function watchedRunsOf(req: Pick<IncomingMessage, 'url'>): WatchedRun[] {
  const given = new URLSearchParams(req.url?.split('?')[1]).getAll('runs').join(',');
  if (!given) return [];
  const runs = parseWatchedRuns(given);
  if (runs) return runs;
  throw new ProblemError(
    'invalid_request',
    `Name up to ${MAX_WATCHED_RUNS} different runs in "runs", separated by commas, each as its id or as id@event.`,
  );
}

/** What another try may mend. The reader comes back with its last ids, as after any broken connection. */
const TRANSIENT = new Set<ProblemCode>(['store_unavailable', 'upstream_unavailable']);

/**
 * Adds runs to an answer. A run that the reader may not see, or that does not reach as far as its cursor, gets a `run.error`.
 * @param open the feed of a run that the reader may see; rejects otherwise
 */
export async function watchRuns(
  connection: SseConnection,
  runs: readonly WatchedRun[],
  open: (run: WatchedRun) => Promise<Feed>,
): Promise<void> {
  const watch = async (run: WatchedRun) => {
    try {
      const feed = await open(run);
      if (!connection.done) feed.attach(connection, run.after, viewOf(run.runId));
    } catch (error) {
      const problem = toProblem(error);
      if (TRANSIENT.has(problem.code)) return connection.cut();
      connection.send(toFrameWithoutId(SSE_RUN_ERROR, { ...problem.toDocument({}), run_id: run.runId }));
    }
  };
  await Promise.all(runs.map(watch));
}

const viewOf = (runId: string): FeedView => ({
  encode: toRunFrames,
  end: toFrameWithoutId(SSE_RUN_END, { run_id: runId }),
  resync: toFrameWithoutId(SSE_RESYNC, { run_id: runId }),
  wholeAnswer: false,
});

const DATA = Buffer.from('data: ');
const LINE_END = 10;
const CLOSING = Buffer.from('}\n\n');

const toRunFrames: Encoding = (frames) =>
  Buffer.concat(frames.flatMap(({ id, bytes }) => toRunFrame(id, bytes)));

function toRunFrame(id: EventId, frame: Uint8Array): Uint8Array[] {
  const data = frame.indexOf(LINE_END, frame.indexOf(LINE_END) + 1) + 1 + DATA.length;
  const opening = Buffer.from(`event: ${SSE_RUN}\ndata: {"id":"${toEntryId(id)}","event":`);
  return [opening, frame.subarray(data, frame.length - 2), CLOSING];
}
