import { Session, type UpdateSession } from '@saas-codex/contracts/sessions';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { applySession } from '../session-cache.js';
import { sessionQuery } from './get-session.js';

interface Update {
  sessionId: string;
  change: UpdateSession;
}

/** Changes a session: shown at once, and reverted if the request fails. */
export function useUpdateSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ sessionId, change }: Update) =>
      request(path`/api/sessions/${sessionId}`, { method: 'PATCH', schema: Session, body: change }),
    onMutate: ({ sessionId, change }) => {
      const before = client.getQueryData(sessionQuery(sessionId).queryKey);
      if (before) applySession(client, { ...before, ...change });
      return { before };
    },
    onSuccess: (session) => applySession(client, session),
    onError: (_error, _update, context) => {
      if (context?.before) applySession(client, context.before);
    },
  });
}
