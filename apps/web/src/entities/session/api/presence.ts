import { Presence, PRESENCE_RENEWED_EVERY_SECONDS } from '@saas-codex/contracts/presence';
import { queryOptions } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { sessionKeys } from '../session-cache.js';

const url = (sessionId: string) => path`/api/sessions/${sessionId}/presence`;

/** Who watches the session. To ask is to say that this person does, for as long as the page is in view. */
export const presenceQuery = (sessionId: string) =>
  queryOptions({
    queryKey: sessionKeys.presence(sessionId),
    queryFn: ({ signal }) => request(url(sessionId), { method: 'PUT', schema: Presence, signal }),
    refetchInterval: PRESENCE_RENEWED_EVERY_SECONDS * 1_000,
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });

/** The person has left the session's page. If this is lost, the server notices a little later. */
export const endPresence = (sessionId: string): void =>
  void request(url(sessionId), { method: 'DELETE', keepalive: true }).catch(() => undefined);
