import type { Run, RunPage } from '@saas-codex/contracts/runs';
import type { InfiniteData } from '@tanstack/react-query';

/** A session's runs as they are read. */
export interface OrderedRuns {
  /** Oldest first: what has run, what runs, and the one that is about to. */
  readonly conversation: readonly Run[];
  /** Prompts that wait behind it, in the order in which they will run. */
  readonly queue: readonly Run[];
  readonly running: Run | null;
}

/** A prompt that was taken out of the queue again leaves no trace: it never ran. */
const neverRan = (run: Run): boolean => run.status === 'cancelled' && run.started_at === null;

/** When it began; one that was ended before it began stands where it ended. */
const began = (run: Run): string => run.started_at ?? run.ended_at ?? run.created_at;

/**
 * A setup goes before the prompts that wait for it, whenever it was asked for.
 * @param held prompts wait until a person has decided about the setup: none of them is about to run
 */
export function orderRuns(data: InfiniteData<RunPage> | undefined, held = false): OrderedRuns {
  const oldestFirst = (data?.pages ?? [])
    .flatMap((page) => page.items)
    .filter((run) => !neverRan(run))
    .toReversed();
  const queued = oldestFirst
    .filter((run) => run.status === 'queued')
    .toSorted((a, b) => Number(b.kind === 'setup') - Number(a.kind === 'setup'));
  const begun = oldestFirst
    .filter((run) => run.status !== 'queued')
    .toSorted((a, b) => (began(a) < began(b) ? -1 : Number(began(a) > began(b))));
  const running = oldestFirst.find((run) => run.status === 'running') ?? null;
  const waits = running !== null || (held && queued[0]?.kind !== 'setup');
  const next = waits ? [] : queued.slice(0, 1);
  return {
    conversation: [...begun, ...next],
    queue: queued.slice(next.length),
    running,
  };
}
