import { useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { runKeys } from '../run-cache.js';

/** Stops a run. */
export function useCancelRun(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (runId: string) => request(path`/api/runs/${runId}/cancel`, { method: 'POST' }),
    onSettled: () => client.invalidateQueries({ queryKey: runKeys.list(sessionId) }),
  });
}
