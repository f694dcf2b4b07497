import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import { type Run, RUN_TRANSITIONS, type RunPage } from '@saas-codex/contracts/runs';
import { canTransition } from '@saas-codex/contracts/transitions';
import type { InfiniteData, QueryClient } from '@tanstack/react-query';

/** Query keys of everything about runs. */
export const runKeys = {
  all: ['runs'] as const,
  list: (sessionId: string) => ['runs', 'list', sessionId] as const,
};

export type RunPages = InfiniteData<RunPage, string | null>;

/** Puts a new run first, or replaces it where it is. */
export function placeRun(data: RunPages, run: Run): RunPages {
  const known = data.pages.some((page) => page.items.some((item) => item.run_id === run.run_id));
  const pages = data.pages.map((page, index) => {
    if (known) return { ...page, items: page.items.map((item) => (item.run_id === run.run_id ? run : item)) };
    return index === 0 ? { ...page, items: [run, ...page.items] } : page;
  });
  return { ...data, pages };
}

/** The run after a status report; the same object when the report is old news. */
export function withStatus(run: Run, { status, error, usage, at }: RunStatusActivity): Run {
  if (!canTransition(RUN_TRANSITIONS, run.status, status)) return run;
  return {
    ...run,
    status,
    error,
    usage: usage ?? run.usage,
    started_at: run.started_at ?? (status === 'running' ? at : null),
    ended_at: status === 'running' ? null : at,
  };
}

export const applyRun = (client: QueryClient, run: Run): void =>
  void client.setQueryData<RunPages>(runKeys.list(run.session_id), (data) => data && placeRun(data, run));

/** A report about a run that is not listed yet (prompted elsewhere) makes the list load again. */
export function applyRunStatus(client: QueryClient, activity: RunStatusActivity): void {
  const data = client.getQueryData<RunPages>(runKeys.list(activity.session_id));
  if (!data) return;
  const run = data.pages.flatMap((page) => page.items).find((item) => item.run_id === activity.run_id);
  if (run) applyRun(client, withStatus(run, activity));
  else reloadRuns(client, activity.session_id);
}

/** Reads the list again: a report carries no diff, and comes before the backend has taken it up. */
export const reloadRuns = (client: QueryClient, sessionId: string): void =>
  void client.invalidateQueries({ queryKey: runKeys.list(sessionId) });
