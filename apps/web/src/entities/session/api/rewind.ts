import type { ForkSession } from '@saas-codex/contracts/rewinds';
import { Session } from '@saas-codex/contracts/sessions';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { applySession } from '../session-cache.js';
import { diffKeys } from './get-diff.js';
import { sessionQuery } from './get-session.js';

/** Goes back to before a run, or undoes that: then without a run. */
export function useRewind(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (runId: string | null) =>
      request(path`/api/sessions/${sessionId}/${runId === null ? 'rewind/undo' : 'rewind'}`, {
        method: 'POST',
        schema: Session,
        ...(runId !== null && { body: { run_id: runId } }),
      }),
    onSuccess: (session) => applySession(client, session),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: sessionQuery(sessionId).queryKey });
      void client.invalidateQueries({ queryKey: diffKeys.lists(sessionId) });
    },
  });
}

/** Starts a session that continues this one after a run. */
export function useFork(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ForkSession) =>
      request(path`/api/sessions/${sessionId}/fork`, { method: 'POST', schema: Session, body }),
    onSuccess: (session) => applySession(client, session),
  });
}
