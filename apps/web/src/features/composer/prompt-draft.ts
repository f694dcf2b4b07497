import { useCallback, useEffect, useEffectEvent } from 'react';
import { outgoingPrompt, type OutgoingPrompt, useSendPrompt } from '../../entities/run/api/prompt-session.js';
import type { PromptModel } from '../../entities/run/prompt-model.js';
import { promptDraftKey } from '../../entities/run/prompt-draft-key.js';
import { drafts, useDraft } from '../../shared/lib/drafts.js';
import { sentPrompts } from './sent-prompts.js';

type Change = (next: (current: string) => string) => void;

/** In front of what was typed meanwhile. */
export const inFront = (prompt: string) => (current: string) =>
  current ? `${prompt}\n\n${current}` : prompt;

/** The text in a session's composer. */
export function usePromptDraft(sessionId: string) {
  const name = promptDraftKey(sessionId);
  const [text] = useDraft(name);
  /** Also works after the composer is unmounted, so that a prompt that fails then is there on the next visit. */
  const change: Change = useCallback((next) => drafts.write(name, next(drafts.read(name))), [name]);
  return { text, change };
}

/**
 * Sends the text of the composer and empties it at once. If sending fails, the text comes back, and `retry` sends the same
 * prompt with the same idempotency key.
 */
export function useComposerSend(sessionId: string, change: Change) {
  const mutation = useSendPrompt(sessionId, {
    onAccepted: (outgoing) => sentPrompts.forget(sessionId, outgoing),
    onRejected: (outgoing) => {
      sentPrompts.giveBack(sessionId, outgoing);
      change(inFront(outgoing.prompt));
    },
  });
  const send = (outgoing: OutgoingPrompt) => {
    sentPrompts.keep(sessionId, outgoing);
    mutation.mutate(outgoing);
  };
  const giveBackAbandoned = useEffectEvent(() => {
    for (const outgoing of sentPrompts.abandoned(sessionId)) {
      sentPrompts.giveBack(sessionId, outgoing);
      change(inFront(outgoing.prompt));
    }
  });
  useEffect(() => giveBackAbandoned(), []);

  return {
    error: mutation.error,
    dismiss: () => {
      if (mutation.isError) mutation.reset();
    },
    send: (text: string, model: PromptModel) => {
      const prompt = text.trim();
      change(() => '');
      // The same text again is the same prompt: if the first attempt did arrive, it still runs once.
      send(sentPrompts.returned(sessionId, { ...model, prompt }) ?? outgoingPrompt(prompt, model));
    },
    retry: () => {
      const outgoing = mutation.variables;
      if (!outgoing) return;
      change((current) =>
        current.startsWith(outgoing.prompt) ? current.slice(outgoing.prompt.length).trimStart() : current,
      );
      send(outgoing);
    },
  };
}
