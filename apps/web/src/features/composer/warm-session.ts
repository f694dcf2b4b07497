import { useCallback, useEffect } from 'react';
import { path, request } from '../../shared/api/request.js';

/** The server keeps what it has prepared for longer, unless others need the place. */
const AGAIN_AFTER_MS = 60_000;

/** When the server was last asked for each session. */
const asked = new Map<string, number>();

function warmSession(sessionId: string): void {
  if (Date.now() - (asked.get(sessionId) ?? 0) < AGAIN_AFTER_MS) return;
  asked.set(sessionId, Date.now());
  void request(path`/api/sessions/${sessionId}/warm`, { method: 'POST' }).catch(() => undefined);
}

/** Has the agent started ahead when the person opens the session. @returns to be called when they write */
export function useWarmSession(sessionId: string): () => void {
  const warm = useCallback(() => warmSession(sessionId), [sessionId]);
  useEffect(warm, [warm]);
  return warm;
}
