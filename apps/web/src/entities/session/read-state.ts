import { SessionRead } from '@saas-codex/contracts/needs-you';
import type { Session } from '@saas-codex/contracts/sessions';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { path, request } from '../../shared/api/request.js';
import { toastError } from '../../shared/ui/toast.js';
import { applyRead, readAtOf } from './session-cache.js';
import { type SessionState, sessionState } from './session-state.js';

const url = (sessionId: string) => path`/api/sessions/${sessionId}/read`;

/** Whether something has happened in it that the person has not read, on any of their devices. As lists know it. */
export const isUnread = ({
  read_at: readAt,
  news_at: newsAt,
}: Pick<Session, 'read_at' | 'news_at'>): boolean =>
  typeof readAt === 'string' && newsAt !== undefined && newsAt > readAt;

/** The state of a session in a list, `news` if there is something new to read in it. */
export function listedState(session: Session): SessionState {
  const state = sessionState(session);
  return state === 'idle' && isUnread(session) ? 'news' : state;
}

const markRead = (sessionId: string): Promise<SessionRead> =>
  request(url(sessionId), { method: 'PUT', schema: SessionRead });

/** Marks the session as read while it is on the screen, and once more when something happens in it. */
export function useMarkRead({ session_id: sessionId, news_at: newsAt }: Session): void {
  const client = useQueryClient();
  useEffect(() => {
    const mark = () => {
      // An older server does not say when there are news, and keeps no marks.
      if (document.hidden || newsAt === undefined) return;
      document.removeEventListener('visibilitychange', mark);
      // If it is lost, the session stays unread until it is opened again.
      void markRead(sessionId).then(
        ({ read_at: readAt }) => applyRead(client, sessionId, readAt),
        () => undefined,
      );
    };
    document.addEventListener('visibilitychange', mark);
    mark();
    return () => document.removeEventListener('visibilitychange', mark);
  }, [sessionId, newsAt, client]);
}

/** Marks a session as read or as unread, from its menu. */
export function useToggleRead({ session_id: sessionId }: Session): (unread: boolean) => void {
  const client = useQueryClient();
  return (unread) => {
    // The server's answer to the second is the activity `session.read`.
    const change = unread
      ? request(url(sessionId), { method: 'DELETE' })
      : markRead(sessionId).then(({ read_at: readAt }) => applyRead(client, sessionId, readAt));
    change.catch(toastError);
  };
}

/** Asks how far the person has read a session that came into a list by itself, which did not say so. */
export function completeRead(client: QueryClient, sessionId: string): void {
  if (readAtOf(client, sessionId) !== undefined) return;
  void request(url(sessionId), { schema: SessionRead }).then(
    ({ read_at: readAt }) => applyRead(client, sessionId, readAt),
    () => undefined,
  );
}
