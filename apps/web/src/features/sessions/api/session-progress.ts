import type { SessionProgressActivity } from '@saas-codex/contracts/activity';
import { queryOptions, skipToken } from '@tanstack/react-query';
import { sessionKeys } from './session-keys.js';

/** How far a clone is. Nothing can be asked for it: the activity stream puts it here. */
export const sessionProgressQuery = (sessionId: string) =>
  queryOptions<SessionProgressActivity>({ queryKey: sessionKeys.progress(sessionId), queryFn: skipToken });
