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

/** How far a clone is. Nothing can be asked for it: the activity stream puts it here. */
export const sessionProgressQuery = (sessionId: string) =>
  queryOptions<SessionProgressActivity>({ queryKey: sessionKeys.progress(sessionId), queryFn: skipToken });
