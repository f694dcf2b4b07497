import { Session } from '@saas-codex/contracts/sessions';
import { queryOptions } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { sessionKeys } from './session-keys.js';

export const sessionQuery = (sessionId: string) =>
  queryOptions({
    queryKey: sessionKeys.detail(sessionId),
    queryFn: ({ signal }) => request(path`/api/sessions/${sessionId}`, { schema: Session, signal }),
  });
