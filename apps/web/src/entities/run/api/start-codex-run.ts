import { Run, type StartReview } from '@saas-codex/contracts/runs';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { applyRun } from '../run-cache.js';

/** Queues a review of the session's changes. */
export function useStartReview(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: StartReview) =>
      request(path`/api/sessions/${sessionId}/reviews`, { method: 'POST', schema: Run, body }),
    onSuccess: (run) => applyRun(client, run),
  });
}

/** Queues a compaction of the session's conversation. */
export function useCompactSession(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request(path`/api/sessions/${sessionId}/compact`, { method: 'POST', schema: Run }),
    onSuccess: (run) => applyRun(client, run),
  });
}
