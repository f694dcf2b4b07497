import { Queue, Run } from '@saas-codex/contracts/runs';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { applyRun, placeInQueue, reloadRuns, runKeys } from '../run-cache.js';

interface Edit {
  runId: string;
  prompt: string;
  /** When the text was edited that the person has seen; null: it is as it was sent. */
  seenEditAt: string | null;
}

/** Gives a prompt that waits another text. `onSaved` is called even if the component is unmounted by then. */
export function useEditPrompt(sessionId: string, onSaved: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ runId, prompt, seenEditAt }: Edit) =>
      request(path`/api/runs/${runId}`, {
        method: 'PATCH',
        schema: Run,
        body: { prompt, if_edited_at: seenEditAt },
      }),
    onSuccess: (run) => {
      applyRun(client, run);
      onSaved();
    },
    onError: () => reloadRuns(client, sessionId),
  });
}

/** Puts the prompts that wait in the order of these ids: shown at once, and read again if the request fails. */
export function useOrderQueue(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (runIds: readonly string[]) =>
      request(path`/api/sessions/${sessionId}/queue`, {
        method: 'POST',
        schema: Queue,
        body: { run_ids: runIds },
      }),
    onMutate: async (runIds) => {
      await client.cancelQueries({ queryKey: runKeys.list(sessionId) });
      placeInQueue(client, sessionId, runIds);
    },
    onSuccess: ({ items }) => items.forEach((run) => applyRun(client, run)),
    onError: () => reloadRuns(client, sessionId),
  });
}

/** Has a prompt that waits run next. */
export function useRunNext(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (runId: string) => request(path`/api/runs/${runId}/next`, { method: 'POST', schema: Run }),
    onSettled: () => reloadRuns(client, sessionId),
  });
}

/** Takes a prompt that waits out of the queue. One that has just started goes on: this stops nothing. */
export function useRemovePrompt(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (runId: string) =>
      request(path`/api/runs/${runId}/cancel`, { method: 'POST', query: { if_queued: true } }),
    onSettled: () => client.invalidateQueries({ queryKey: runKeys.list(sessionId) }),
  });
}
