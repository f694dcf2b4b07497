import { useMutation, useQueryClient } from '@tanstack/react-query';
import { removeSession } from '../../../entities/session/session-cache.js';
import { path, request } from '../../../shared/api/request.js';

/** Deletes the session and its workspace permanently. */
export function useDeleteSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (sessionId: string) => request(path`/api/sessions/${sessionId}`, { method: 'DELETE' }),
    onSuccess: (_answer, sessionId) => removeSession(client, sessionId),
  });
}
