import type { PromptImage } from '@saas-codex/contracts/images';
import { Run } from '@saas-codex/contracts/runs';
import { useMutation, useMutationState, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { randomId } from '../../../shared/lib/random-id.js';
import { offerNotifications } from '../../../shared/notifications/consent.js';
import type { PromptModel } from '../prompt-model.js';
import { applyRun } from '../run-cache.js';

/** Queues a prompt. The session may still be provisioning. */
export async function promptSession(
  sessionId: string,
  { prompt, images, model, effort, idempotencyKey }: OutgoingPrompt,
): Promise<Run> {
  const run = await request(path`/api/sessions/${sessionId}/prompt`, {
    method: 'POST',
    schema: Run,
    body: {
      prompt,
      model,
      reasoning_effort: effort,
      ...(images.length > 0 && { images: images.map(({ image_id: id }) => id) }),
    },
    idempotencyKey,
  });
  offerNotifications();
  return run;
}

/** A prompt that is being sent. With its key, sending it again after a lost connection does not make a second run. */
export interface OutgoingPrompt extends PromptModel {
  readonly prompt: string;
  /** Uploaded to the session before. */
  readonly images: readonly PromptImage[];
  readonly idempotencyKey: string;
}

/** What a prompt may have besides its text. */
type PromptParts = PromptModel & Partial<Pick<OutgoingPrompt, 'images'>>;

export const outgoingPrompt = (
  prompt: string,
  { images = [], ...model }: PromptParts = {},
): OutgoingPrompt => ({
  ...model,
  prompt,
  images,
  idempotencyKey: randomId(),
});

const sendKey = (sessionId: string) => ['runs', 'prompt', sessionId] as const;

/**
 * Sends a prompt. `useOutgoingPrompts` lists it until the server has answered. `onAccepted` and `onRejected` are called
 * even if the component that sent the prompt is unmounted by then.
 */
export function useSendPrompt(
  sessionId: string,
  {
    onAccepted,
    onRejected,
  }: {
    onAccepted?: (outgoing: OutgoingPrompt) => void;
    onRejected?: (outgoing: OutgoingPrompt, error: Error) => void;
  },
) {
  const client = useQueryClient();
  return useMutation<Run, Error, OutgoingPrompt>({
    mutationKey: sendKey(sessionId),
    // One after the other: of two that are on their way at once, the server may read the later one first.
    scope: { id: sendKey(sessionId).join() },
    mutationFn: (outgoing) => promptSession(sessionId, outgoing),
    onSuccess: (run, outgoing) => {
      onAccepted?.(outgoing);
      applyRun(client, run);
    },
    onError: (error, outgoing) => onRejected?.(outgoing, error),
  });
}

/** The prompts of this page that the server has not answered yet. */
export const useOutgoingPrompts = (sessionId: string): OutgoingPrompt[] =>
  useMutationState({
    filters: { mutationKey: sendKey(sessionId), status: 'pending' },
    select: (mutation) => mutation.state.variables as OutgoingPrompt,
  });
