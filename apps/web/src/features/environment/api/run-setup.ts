import { Run } from '@saas-codex/contracts/runs';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { applyRun } from '../../../entities/run/run-cache.js';
import { sessionQuery } from '../../../entities/session/api/get-session.js';
import { applySession } from '../../../entities/session/session-cache.js';
import { path, request } from '../../../shared/api/request.js';

/** Runs the session's setup script, once more or for the first time. */
export function useRunSetup(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request(path`/api/sessions/${sessionId}/setup`, { method: 'POST', schema: Run }),
    onSuccess: (run) => {
      applyRun(client, run);
      const session = client.getQueryData(sessionQuery(sessionId).queryKey);
      // The page says at once that it waits; the session's own report is on its way.
      if (session) applySession(client, { ...session, setup_status: run.status });
    },
  });
}
