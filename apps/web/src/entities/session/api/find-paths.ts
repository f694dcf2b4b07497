import { FoundPaths } from '@saas-codex/contracts/diffs';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { sessionKeys } from '../session-cache.js';

/**
 * Files of the session by a part of their path, best match first. The list before stays until the answer is there.
 * @param at the tree; default: as the last run left it
 */
export const pathsQuery = (sessionId: string, q: string, at?: string) =>
  queryOptions({
    queryKey: [...sessionKeys.paths(sessionId), q, at] as const,
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${sessionId}/paths`, {
        schema: FoundPaths,
        query: { q, at, limit: 20 },
        signal,
      }),
    placeholderData: keepPreviousData,
    // Runs change the files.
    staleTime: 10_000,
    retry: false,
  });
