import {
  type Activity,
  readActivity,
  type SessionHiddenActivity,
  type SessionPresenceActivity,
  type SessionUpdatedActivity,
  type UnknownActivity,
} from '@saas-codex/contracts/activity';
import type { Presence } from '@saas-codex/contracts/presence';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { applyRunStatus, reloadRuns, runKeys } from '../entities/run/run-cache.js';
import { reopenLink } from '../entities/session/api/open-share-link.js';
import { completeRead } from '../entities/session/read-state.js';
import {
  applyRead,
  applySession,
  knownSession,
  removeSession,
  sessionKeys,
} from '../entities/session/session-cache.js';
import { meQuery } from '../shared/api/get-me.js';
import { live } from '../shared/sse/live.js';

/** Writes what happened to sessions and runs into the query cache. */
function applyActivity(client: QueryClient, activity: Activity | UnknownActivity): void {
  switch (activity.type) {
    case 'session.updated':
      showSession(client, activity.session);
      // The server sends it after the runs were updated in the database, so now the list shows their final state.
      return reloadRuns(client, activity.session_id);
    case 'session.deleted':
      return removeSession(client, activity.session_id);
    case 'session.hidden':
      return hideSession(client, activity);
    case 'session.read':
      return applyRead(client, activity.session_id, activity.read_at);
    case 'session.comments':
      return void client.invalidateQueries({ queryKey: sessionKeys.comments(activity.session_id) });
    case 'session.presence':
      return showWatchers(client, activity);
    case 'session.progress':
      return void client.setQueryData(sessionKeys.progress(activity.session_id), activity);
    case 'run.status':
      return applyRunStatus(client, activity);
    case 'limit.notice':
      return void import('./limit-toast.js').then(({ showLimit }) => showLimit(client, activity));
    case 'unknown':
      return;
  }
}

/** Those who may still stop and delete it get it back from the list, without what is in it. */
function hideSession(client: QueryClient, { session_id, owner_id }: SessionHiddenActivity): void {
  if (client.getQueryData(meQuery.queryKey)?.user.user_id === owner_id) return;
  removeSession(client, session_id);
  void client.invalidateQueries({ queryKey: sessionKeys.lists });
}

/** A person who leaves in one tab may still watch in this one, which then says so again. */
function showWatchers(client: QueryClient, { session_id, watchers }: SessionPresenceActivity): void {
  const queryKey = sessionKeys.presence(session_id);
  client.setQueryData<Presence>(queryKey, (shown) => shown && { watchers });
  const me = client.getQueryData(meQuery.queryKey);
  const isListed = watchers.some(({ user_id: id }) => id === me?.user.user_id);
  if (!isListed && document.visibilityState === 'visible') void client.invalidateQueries({ queryKey });
}

/** A session whose network and setup are large comes without them. */
function showSession(
  client: QueryClient,
  { network, setup, ...rest }: SessionUpdatedActivity['session'],
): void {
  if (network !== undefined && setup !== undefined) {
    applySession(client, { ...rest, network, setup });
    completeRead(client, rest.session_id);
  } else void client.invalidateQueries({ queryKey: sessionKeys.all });
}

/**
 * Keeps every list live until the returned function is called. Whatever was read before the stream stood may have
 * missed a change, and so may everything after a gap, since the activity log is short. So all that the page has read is
 * read again whenever the stream opens.
 */
export const followActivity = (
  client: QueryClient,
  // The query fails, and that leads to the sign-in page. On a phone nothing that is shown has asked it.
  onSignedOut = () => void client.prefetchQuery({ ...meQuery, staleTime: 0 }),
  /** Before the page shows it. */
  onSession: (activity: SessionUpdatedActivity) => void = () => undefined,
): (() => void) =>
  live.watchActivity({
    onActivity: (data) => {
      const activity = readActivity(data);
      if (activity?.type === 'session.updated') onSession(activity);
      if (activity) applyActivity(client, activity);
    },
    onOpen: () => {
      void client.invalidateQueries({ queryKey: sessionKeys.all });
      void client.invalidateQueries({ queryKey: runKeys.all });
      // The server ends the stream of a person whose role changes.
      void client.invalidateQueries({ queryKey: meQuery.queryKey });
    },
    onSignedOut,
  });

/** Keeps the session of a link live while its page is open. */
export function useSharedActivity(): void {
  const client = useQueryClient();
  useEffect(() => followActivity(client, () => void reopenLink(client)), [client]);
}

/** Keeps every list live while the signed-in page is open, and notifies the person. */
export function useActivity(): void {
  const client = useQueryClient();
  const navigate = useNavigate();
  useEffect(() => {
    const open = (sessionId: string) => void navigate({ to: '/sessions/$sessionId', params: { sessionId } });
    return followActivity(client, undefined, (activity) => {
      const before = knownSession(client, activity.session_id);
      void import('./notify.js').then(({ notify }) => notify(client, activity, before, open));
    });
  }, [client, navigate]);
}
