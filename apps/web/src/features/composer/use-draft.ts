import { useCallback, useRef } from 'react';
import { useStoredText } from '../../shared/lib/stored.js';

/** What is being written in a session: survives a reload and leaving the session. */
export function useDraft(sessionId: string) {
  const [text, store] = useStoredText(`prompt:${sessionId}`);
  const latest = useRef(text);
  /** Also works after the composer has left the page: a prompt that fails then is there on the next visit. */
  const change = useCallback(
    (next: (current: string) => string) => {
      latest.current = next(latest.current);
      store(latest.current);
    },
    [store],
  );
  return { text, change };
}
