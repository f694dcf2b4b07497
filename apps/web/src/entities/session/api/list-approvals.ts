import { ApprovalPage } from '@saas-codex/contracts/approvals';
import { queryOptions } from '@tanstack/react-query';
import { request } from '../../../shared/api/request.js';

/** More than these are shown without names. */
const MAX = 100;

/** What the runs of a session have asked, newest first. */
export const approvalsQuery = (sessionId: string) =>
  queryOptions({
    queryKey: ['approvals', sessionId] as const,
    queryFn: ({ signal }) =>
      request('/api/approvals', {
        schema: ApprovalPage,
        query: { session_id: sessionId, limit: MAX },
        signal,
      }),
  });
