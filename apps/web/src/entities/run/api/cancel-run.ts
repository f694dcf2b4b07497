import { useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { runKeys } from '../run-cache.js';

/** Stops a running run, or removes a queued one from the queue. */
export function useCancelRun(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (runId: string) => request(path`/api/runs/${runId}/cancel`, { method: 'POST' }),
    onSettled: () => client.invalidateQueries({ queryKey: runKeys.list(sessionId) }),
  });
}
