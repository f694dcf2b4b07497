import type { SessionProgressActivity } from '@saas-codex/contracts/activity';
import { Session } from '@saas-codex/contracts/sessions';
import { queryOptions, skipToken } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { sessionKeys } from '../session-cache.js';

export const sessionQuery = (sessionId: string) =>
  queryOptions({
    queryKey: sessionKeys.detail(sessionId),
    queryFn: ({ signal }) => request(path`/api/sessions/${sessionId}`, { schema: Session, signal }),
  });

/** The progress of the clone. It has no endpoint; the activity stream writes it here. */
export const sessionProgressQuery = (sessionId: string) =>
  queryOptions<SessionProgressActivity>({ queryKey: sessionKeys.progress(sessionId), queryFn: skipToken });
