import { SessionChecks } from '@saas-codex/contracts/evidence';
import { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { applyRun } from '../run-cache.js';
import { path, request } from '../../../shared/api/request.js';

/** How many runs of the checks are shown. */
const SHOWN = 10;

/** Runs change what is stale, so what was read belongs to a moment between two of them. */
export const checksQuery = (session: Session) => {
  const { session_id: id, active_run_id: run, updated_at: at, queued_runs: queued } = session;
  return queryOptions({
    queryKey: ['checks', id, run, queued, at],
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${id}/checks`, { schema: SessionChecks, query: { limit: SHOWN }, signal }),
    placeholderData: keepPreviousData,
  });
};

export function useRunChecks(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      request(path`/api/sessions/${sessionId}/checks`, { method: 'POST', schema: Run, body: {} }),
    onSuccess: (run) => {
      applyRun(client, run);
      return client.invalidateQueries({ queryKey: ['checks', sessionId] });
    },
  });
}

/** Where a browser downloads evidence. */
export const evidenceUrl = (evidenceId: string): string => path`/api/evidence/${evidenceId}`;
