import { type Run, RUN_TRANSITIONS, type RunPage } from '@saas-codex/contracts/runs';
import type { InfiniteData } from '@tanstack/react-query';
import { lookUp } from '../../shared/lib/open-enums.js';

/** A session's runs in the order in which the conversation shows them. */
export interface OrderedRuns {
  /** Oldest first: the ended runs, the one in progress, or else the next one. */
  readonly conversation: readonly Run[];
  /** Prompts that wait, in the order in which they will run. */
  readonly queue: readonly Run[];
  /** Those prompts that no runner has, in that order: they can be edited and moved. */
  readonly waiting: readonly Run[];
  readonly running: Run | null;
  /** A prompt that is sent now goes to the queue instead of running at once. */
  readonly busy: boolean;
}

/** A status that this build does not know is in progress until the run has an end. */
const isInProgress = ({ status, ended_at }: Run): boolean =>
  status === 'running' || status === 'waiting' || (!lookUp(RUN_TRANSITIONS, status) && ended_at === null);

/** A prompt that was removed from the queue is not shown: it never ran. */
const neverRan = (run: Run): boolean => run.status === 'cancelled' && run.started_at === null;

/** When it began; a run that ended before it began is placed where it ended. */
const began = (run: Run): string => run.started_at ?? run.ended_at ?? run.created_at;

/** A setup goes before the prompts that wait for it, a person's own change before all, and checks and proposals wait for no prompt. */
const overtakes = (run: Run | undefined): boolean =>
  !!run && ['setup', 'check', 'edit', 'proposal'].includes(run.kind);

/** Place in the queue. A stop holds only what was queued before it. */
const rank = (run: Run): number => (run.kind === 'edit' ? -1 : overtakes(run) ? 0 : run.held ? 2 : 1);

const isWaiting = ({ status, queue_position: position }: Run): boolean =>
  status === 'queued' && typeof position === 'number';

/** A prompt that a runner has already comes first. */
const byPlace = (a: Run, b: Run): number =>
  rank(a) - rank(b) || (a.queue_position ?? 0) - (b.queue_position ?? 0);

/**
 * @param held prompts wait for a person's decision about the setup, so none of them is next
 */
export function orderRuns(data: InfiniteData<RunPage> | undefined, held = false): OrderedRuns {
  const oldestFirst = (data?.pages ?? [])
    .flatMap((page) => page.items)
    .filter((run) => !neverRan(run))
    .toReversed();
  const queued = oldestFirst.filter((run) => run.status === 'queued').toSorted(byPlace);
  const begun = oldestFirst
    .filter((run) => run.status !== 'queued')
    .toSorted((a, b) => (began(a) < began(b) ? -1 : Number(began(a) > began(b))));
  const running = oldestFirst.find(isInProgress) ?? null;
  const waits = running !== null || (held && !overtakes(queued[0])) || queued[0]?.held === true;
  const next = waits ? [] : queued.slice(0, 1);
  return {
    conversation: [...begun, ...next],
    queue: queued.slice(next.length),
    waiting: queued.filter(isWaiting),
    running,
    busy: running !== null || held || queued.some((run) => !run.held),
  };
}
