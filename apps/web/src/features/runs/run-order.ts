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

export function orderRuns(data: InfiniteData<RunPage> | undefined): OrderedRuns {
  const oldestFirst = (data?.pages ?? [])
    .flatMap((page) => page.items)
    .filter((run) => !neverRan(run))
    .toReversed();
  const queued = oldestFirst.filter((run) => run.status === 'queued');
  const running = oldestFirst.find((run) => run.status === 'running') ?? null;
  const next = running ? [] : queued.slice(0, 1);
  return {
    conversation: [...oldestFirst.filter((run) => run.status !== 'queued'), ...next],
    queue: queued.slice(next.length),
    running,
  };
}
