import { Run } from '@saas-codex/contracts/runs';
import { useMutation, useMutationState, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { randomId } from '../../../shared/lib/random-id.js';
import { applyRun } from '../run-cache.js';

/** Queues a prompt; accepted while the session is still provisioning, too. */
export const promptSession = (sessionId: string, prompt: string, idempotencyKey: string): Promise<Run> =>
  request(path`/api/sessions/${sessionId}/prompt`, {
    method: 'POST',
    schema: Run,
    body: { prompt },
    idempotencyKey,
  });

/** A prompt on its way. The key makes sending it again, after a lost connection, the same prompt and not a second. */
export interface OutgoingPrompt {
  readonly prompt: string;
  readonly idempotencyKey: string;
}

export const outgoingPrompt = (prompt: string): OutgoingPrompt => ({ prompt, idempotencyKey: randomId() });

const sendKey = (sessionId: string) => ['runs', 'prompt', sessionId] as const;

/**
 * Sends a prompt; until the server has answered, `useOutgoingPrompts` tells of it. `onRejected` is called even when
 * the part of the page that sent it is gone by then.
 */
export function useSendPrompt(
  sessionId: string,
  onRejected?: (outgoing: OutgoingPrompt, error: Error) => void,
) {
  const client = useQueryClient();
  return useMutation<Run, Error, OutgoingPrompt>({
    mutationKey: sendKey(sessionId),
    mutationFn: ({ prompt, idempotencyKey }) => promptSession(sessionId, prompt, idempotencyKey),
    onSuccess: (run) => applyRun(client, run),
    onError: (error, outgoing) => onRejected?.(outgoing, error),
  });
}

/** Prompts that were sent and not answered yet, from whichever part of the page. */
export const useOutgoingPrompts = (sessionId: string): OutgoingPrompt[] =>
  useMutationState({
    filters: { mutationKey: sendKey(sessionId), status: 'pending' },
    select: (mutation) => mutation.state.variables as OutgoingPrompt,
  });
