import { useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { removeSession } from './session-cache.js';

/** Deletes the session and its workspace, for good. */
export function useDeleteSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (sessionId: string) => request(path`/api/sessions/${sessionId}`, { method: 'DELETE' }),
    onSuccess: (_answer, sessionId) => removeSession(client, sessionId),
  });
}
