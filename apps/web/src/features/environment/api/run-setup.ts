import { Run } from '@saas-codex/contracts/runs';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { applyRun } from '../../../entities/run/run-cache.js';
import { sessionQuery } from '../../../entities/session/api/get-session.js';
import { applySession } from '../../../entities/session/session-cache.js';
import { path, request } from '../../../shared/api/request.js';

/** Runs the session's setup script. */
export function useRunSetup(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request(path`/api/sessions/${sessionId}/setup`, { method: 'POST', schema: Run }),
    onSuccess: (run) => {
      applyRun(client, run);
      const session = client.getQueryData(sessionQuery(sessionId).queryKey);
      // The page shows the status at once, before the activity stream reports it.
      if (session) applySession(client, { ...session, setup_status: run.status });
    },
  });
}
