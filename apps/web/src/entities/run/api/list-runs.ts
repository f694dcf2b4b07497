import { RunPage } from '@saas-codex/contracts/runs';
import { infiniteQueryOptions } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { runKeys } from '../run-cache.js';

/** A session's runs, newest first, page by page. */
export const runsQuery = (sessionId: string) =>
  infiniteQueryOptions({
    queryKey: runKeys.list(sessionId),
    queryFn: ({ pageParam, signal }) =>
      request(path`/api/sessions/${sessionId}/runs`, {
        schema: RunPage,
        query: { cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
