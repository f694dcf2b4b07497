import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import { type Run, RUN_TRANSITIONS, type RunPage } from '@saas-codex/contracts/runs';
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { lookUp } from '../../shared/lib/open-enums.js';

/** Query keys of runs. */
export const runKeys = {
  all: ['runs'] as const,
  list: (sessionId: string) => ['runs', 'list', sessionId] as const,
};

export type RunPages = InfiniteData<RunPage, string | null>;

/** Adds a new run as the first one, or replaces a known one in its place. */
export function placeRun(data: RunPages, run: Run): RunPages {
  const known = data.pages.some((page) => page.items.some((item) => item.run_id === run.run_id));
  const pages = data.pages.map((page, index) => {
    if (known) return { ...page, items: page.items.map((item) => (item.run_id === run.run_id ? run : item)) };
    return index === 0 ? { ...page, items: [run, ...page.items] } : page;
  });
  return { ...data, pages };
}

/** The run after a status report; the same object if the report is outdated. */
export function withStatus(run: Run, { status, error, usage, at }: RunStatusActivity): Run {
  if (isOutdated(run.status, status)) return run;
  return {
    ...run,
    status,
    error,
    usage: usage ?? run.usage,
    started_at: run.started_at ?? (status === 'running' ? at : null),
    ended_at: isEnd(status) ? at : null,
  };
}

const nextStatuses = (status: string) => lookUp<readonly string[]>(RUN_TRANSITIONS, status);
const isEnd = (status: string): boolean => nextStatuses(status)?.length === 0;

/** A status that this build does not know may come after any that is not an end. */
function isOutdated(current: string, reported: string): boolean {
  if (isEnd(current)) return true;
  const known = nextStatuses(reported) !== undefined;
  return known && nextStatuses(current)?.includes(reported) === false;
}

export const applyRun = (client: QueryClient, run: Run): void =>
  void client.setQueryData<RunPages>(runKeys.list(run.session_id), (data) => data && placeRun(data, run));

/** Gives the prompts that wait each other's positions, so that they are in the order of these ids. */
export function placeInQueue(client: QueryClient, sessionId: string, runIds: readonly string[]): void {
  const data = client.getQueryData<RunPages>(runKeys.list(sessionId));
  const runs = (data?.pages ?? []).flatMap((page) => page.items);
  const ordered = runIds.flatMap((id) => runs.find((run) => run.run_id === id) ?? []);
  const positions = ordered.flatMap((run) => run.queue_position ?? []).toSorted((a, b) => a - b);
  ordered.forEach((run, index) => applyRun(client, { ...run, queue_position: positions[index] }));
}

/** Applies a status report. A run that is not in the list (prompted elsewhere) makes the list load again. */
export function applyRunStatus(client: QueryClient, activity: RunStatusActivity): void {
  const data = client.getQueryData<RunPages>(runKeys.list(activity.session_id));
  if (!data) return;
  const run = data.pages.flatMap((page) => page.items).find((item) => item.run_id === activity.run_id);
  if (run) applyRun(client, withStatus(run, activity));
  else reloadRuns(client, activity.session_id);
}

/** Loads the list again. Status reports carry no diff and arrive before the backend has processed them. */
export const reloadRuns = (client: QueryClient, sessionId: string): void =>
  void client.invalidateQueries({ queryKey: runKeys.list(sessionId) });
