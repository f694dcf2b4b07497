import { useCallback, useRef } from 'react';
import { outgoingPrompt, type OutgoingPrompt, useSendPrompt } from '../../entities/run/api/prompt-session.js';
import { promptDraftKey } from '../../entities/run/prompt-draft-key.js';
import { useStoredText } from '../../shared/lib/stored.js';

/** The text in a session's composer. It survives a reload and leaving the session. */
export function usePromptDraft(sessionId: string) {
  const [text, store] = useStoredText(promptDraftKey(sessionId));
  const latest = useRef(text);
  /** Also works after the composer is unmounted, so that a prompt that fails then is there on the next visit. */
  const change = useCallback(
    (next: (current: string) => string) => {
      latest.current = next(latest.current);
      store(latest.current);
    },
    [store],
  );
  return { text, change };
}

/**
 * Sends the text of the composer and empties it at once. If sending fails, the text comes back in front of what was
 * typed meanwhile, and `retry` sends the same prompt with the same idempotency key.
 */
export function useComposerSend(sessionId: string, change: (next: (current: string) => string) => void) {
  const failed = useRef<OutgoingPrompt | null>(null);
  const mutation = useSendPrompt(sessionId, (outgoing) => {
    failed.current = outgoing;
    change((current) => (current ? `${outgoing.prompt}\n\n${current}` : outgoing.prompt));
  });
  const send = (outgoing: OutgoingPrompt) => {
    failed.current = null;
    mutation.mutate(outgoing);
  };

  return {
    error: mutation.error,
    dismiss: () => {
      if (mutation.isError) mutation.reset();
    },
    send: (text: string) => {
      const prompt = text.trim();
      // The same text again is the same prompt: if the first attempt did arrive, it still runs once.
      const again = failed.current?.prompt === prompt ? failed.current : null;
      change(() => '');
      send(again ?? outgoingPrompt(prompt));
    },
    retry: () => {
      const outgoing = failed.current;
      if (!outgoing) return;
      change((current) =>
        current.startsWith(outgoing.prompt) ? current.slice(outgoing.prompt.length).trimStart() : current,
      );
      send(outgoing);
    },
  };
}
