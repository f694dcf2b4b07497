import { Activity, ACTIVITY_TYPES } from '@saas-codex/contracts/activity';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { applyRunStatus, reloadRuns } from '../entities/run/run-cache.js';
import { runKeys } from '../entities/run/run-cache.js';
import { applySession, removeSession } from '../entities/session/session-cache.js';
import { sessionKeys } from '../entities/session/session-cache.js';
import { meQuery } from '../shared/api/get-me.js';
import { openEventStream } from '../shared/sse/event-stream.js';

/** What happens to sessions and runs, put where the page reads it. */
function applyActivity(client: QueryClient, activity: Activity): void {
  switch (activity.type) {
    case 'session.updated':
      applySession(client, activity.session);
      // Told after its runs were settled in the database, so that now they read as they are.
      return reloadRuns(client, activity.session_id);
    case 'session.deleted':
      return removeSession(client, activity.session_id);
    case 'session.progress':
      return void client.setQueryData(sessionKeys.progress(activity.session_id), activity);
    case 'run.status':
      return applyRunStatus(client, activity);
  }
}

/** Keeps every list live, for as long as the signed-in page is open. */
export function useActivity(): void {
  const client = useQueryClient();
  useEffect(
    () =>
      openEventStream({
        url: '/api/events',
        types: ACTIVITY_TYPES,
        onMessage: ({ data }) => {
          const activity = Activity.safeParse(JSON.parse(data));
          if (activity.success) applyActivity(client, activity.data);
        },
        // The activity log is short: whatever was missed is read again.
        onOpen: (resumed) => {
          if (!resumed) return;
          void client.invalidateQueries({ queryKey: sessionKeys.all });
          void client.invalidateQueries({ queryKey: runKeys.all });
        },
        // A stream cannot tell why it was refused; a request can, and a lost sign-in leads to the sign-in page.
        onLost: () => void client.invalidateQueries({ queryKey: meQuery.queryKey }),
      }),
    [client],
  );
}
