import type { Run } from '@saas-codex/contracts/runs';
import { Steer, Steers } from '@saas-codex/contracts/steers';
import {
  queryOptions,
  type QueryClient,
  useMutation,
  useMutationState,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { systemQuery } from '../../../shared/api/get-system.js';
import { path, request } from '../../../shared/api/request.js';
import { reloadRuns, runKeys } from '../run-cache.js';

/** The messages that were sent to a run. Below the list of runs, so that whatever has that read again has these, too. */
export const steersQuery = (sessionId: string, runId: string) =>
  queryOptions({
    queryKey: [...runKeys.list(sessionId), 'steers', runId] as const,
    queryFn: ({ signal }) => request(path`/api/runs/${runId}/steers`, { schema: Steers, signal }),
  });

/** Whether this run takes messages while it works. */
export function useCanSteer(running: Run | null): boolean {
  const { data } = useQuery(systemQuery);
  return running?.kind === 'prompt' && data?.capabilities?.steer === true;
}

/** A message that is being sent. */
export interface OutgoingSteer {
  readonly prompt: string;
  readonly idempotencyKey: string;
}

const sendKey = (runId: string) => ['steer', runId] as const;

/** Sends a message to a run that works. `useOutgoingSteers` lists it until the server has answered. */
export function useSteerRun(
  runId: string,
  {
    onAccepted,
    onRejected,
  }: Record<'onAccepted' | 'onRejected', (outgoing: OutgoingSteer, error?: Error) => void>,
) {
  const client = useQueryClient();
  return useMutation<Steer, Error, OutgoingSteer>({
    mutationKey: sendKey(runId),
    // One after the other, in the order in which they were written.
    scope: { id: sendKey(runId).join() },
    mutationFn: ({ prompt, idempotencyKey }) =>
      request(path`/api/runs/${runId}/steer`, {
        method: 'POST',
        schema: Steer,
        body: { prompt },
        idempotencyKey,
      }),
    onSuccess: (steer, outgoing) => {
      onAccepted(outgoing);
      placeSteer(client, steer);
    },
    onError: (error, outgoing) => onRejected(outgoing, error),
  });
}

export const useOutgoingSteers = (runId: string): OutgoingSteer[] =>
  useMutationState({
    filters: { mutationKey: sendKey(runId), status: 'pending' },
    select: (mutation) => mutation.state.variables as OutgoingSteer,
  });

/** Takes a prompt out of the queue and gives it to the run that works. */
export function useSendPromptNow(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (queuedRunId: string) =>
      request(path`/api/runs/${queuedRunId}/send-now`, { method: 'POST', schema: Steer }),
    onSuccess: (steer) => placeSteer(client, steer),
    onSettled: () => reloadRuns(client, sessionId),
  });
}

/** Adds a new one at once: what was typed does not vanish until the list is read again. */
function placeSteer(client: QueryClient, steer: Steer): void {
  const { queryKey } = steersQuery(steer.session_id, steer.run_id);
  client.setQueryData(queryKey, (known) => ({
    items: [...(known?.items ?? []).filter(({ steer_id: id }) => id !== steer.steer_id), steer],
  }));
  reloadRuns(client, steer.session_id);
}
