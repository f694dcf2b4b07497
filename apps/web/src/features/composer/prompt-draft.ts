import { useCallback, useEffect, useEffectEvent } from 'react';
import type { PromptImage } from '@saas-codex/contracts/images';
import { outgoingPrompt, type OutgoingPrompt, useSendPrompt } from '../../entities/run/api/prompt-session.js';
import { changeImageDraft, giveImagesBack } from '../../entities/run/images/image-drafts.js';
import type { PromptModel } from '../../entities/run/prompt-model.js';
import { inFront, promptDraftKey } from '../../entities/run/prompt-draft-key.js';
import { drafts, useDraft } from '../../shared/lib/drafts.js';
import { sentPrompts } from './sent-prompts.js';

/** Changes the text in a session's composer. */
export type DraftChange = (next: (current: string) => string) => void;

/** The text in a session's composer. */
export function usePromptDraft(sessionId: string) {
  const name = promptDraftKey(sessionId);
  const [text] = useDraft(name);
  /** Also works after the composer is unmounted, so that a prompt that fails then is there on the next visit. */
  const change: DraftChange = useCallback((next) => drafts.write(name, next(drafts.read(name))), [name]);
  return { text, change };
}

/**
 * Sends the text and the images of the composer and empties it at once. If sending fails, they come back, and `retry` sends
 * the same prompt with the same idempotency key.
 */
export function useComposerSend(sessionId: string, change: DraftChange) {
  const giveBack = (outgoing: OutgoingPrompt) => {
    sentPrompts.giveBack(sessionId, outgoing);
    change(inFront(outgoing.prompt));
    giveImagesBack(sessionId, outgoing.images);
  };
  const mutation = useSendPrompt(sessionId, {
    onAccepted: (outgoing) => sentPrompts.forget(sessionId, outgoing),
    onRejected: giveBack,
  });
  const send = (outgoing: OutgoingPrompt) => {
    sentPrompts.keep(sessionId, outgoing);
    mutation.mutate(outgoing);
  };
  const giveBackAbandoned = useEffectEvent(() => {
    for (const outgoing of sentPrompts.abandoned(sessionId)) giveBack(outgoing);
  });
  useEffect(() => giveBackAbandoned(), []);

  return {
    error: mutation.error,
    dismiss: () => {
      if (mutation.isError) mutation.reset();
    },
    send: (text: string, parts: PromptModel & { images: readonly PromptImage[] }) => {
      const prompt = text.trim();
      change(() => '');
      changeImageDraft(sessionId, () => []);
      // The same text again is the same prompt: if the first attempt did arrive, it still runs once.
      send(sentPrompts.returned(sessionId, { ...parts, prompt }) ?? outgoingPrompt(prompt, parts));
    },
    retry: () => {
      const outgoing = mutation.variables;
      if (!outgoing) return;
      change((current) =>
        current.startsWith(outgoing.prompt) ? current.slice(outgoing.prompt.length).trimStart() : current,
      );
      changeImageDraft(sessionId, (current) =>
        current.filter(({ image_id: id }) => !outgoing.images.some((one) => one.image_id === id)),
      );
      send(outgoing);
    },
  };
}
