import type { StartKeepGreen } from '@saas-codex/contracts/keep-green';
import {
  type OpenPullRequest,
  PullRequest,
  type UpdatePullRequest,
} from '@saas-codex/contracts/pull-requests';
import type { Session } from '@saas-codex/contracts/sessions';
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

const keyOf = (sessionId: string) => ['pull-request', sessionId] as const;

/** The session's pull request; null: it has none. It is read again when the session says that it has changed. */
export const pullRequestQuery = ({ session_id: id, pull_request: known }: Session) =>
  queryOptions({
    queryKey: [...keyOf(id), known?.changed_at ?? null] as const,
    queryFn: async ({ signal }) =>
      known ? request(path`/api/sessions/${id}/pull-request`, { schema: PullRequest, signal }) : null,
    placeholderData: keepPreviousData,
  });

/** Opens it, or asks again for what could not be done. */
export function useOpenPullRequest(sessionId: string) {
  return usePullRequestChange<Partial<OpenPullRequest> & { title: string }>(sessionId, 'POST');
}

export function useUpdatePullRequest(sessionId: string) {
  return usePullRequestChange<UpdatePullRequest>(sessionId, 'PATCH');
}

/** null: no longer. */
export function useKeepGreen(sessionId: string) {
  return useAnswered(sessionId, (limits: StartKeepGreen | null) =>
    request(path`/api/sessions/${sessionId}/pull-request/keep-green`, {
      schema: PullRequest,
      ...(limits === null ? { method: 'DELETE' } : { method: 'PUT', body: limits }),
    }),
  );
}

const usePullRequestChange = <Body>(sessionId: string, method: 'POST' | 'PATCH') =>
  useAnswered(sessionId, (body: Body) =>
    request(path`/api/sessions/${sessionId}/pull-request`, { method, schema: PullRequest, body }),
  );

/** Keeps what the server answers. */
function useAnswered<Body>(sessionId: string, mutationFn: (body: Body) => Promise<PullRequest>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn,
    onError: () => client.invalidateQueries({ queryKey: keyOf(sessionId) }),
    // The session's activity has it read again.
    onSuccess: (answer) =>
      client.setQueriesData<PullRequest | null>({ queryKey: keyOf(sessionId) }, () => answer),
  });
}
