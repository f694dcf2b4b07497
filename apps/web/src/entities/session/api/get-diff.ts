import { Diff, type DiffQuery } from '@saas-codex/contracts/diffs';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

/** Query keys of diffs. */
export const diffKeys = {
  lists: (sessionId: string) => ['diffs', sessionId, 'files'] as const,
  list: (sessionId: string, scope: DiffQuery) => [...diffKeys.lists(sessionId), scope] as const,
  patch: (sessionId: string, from: string, to: string, path: string) =>
    ['diffs', sessionId, 'patch', from, to, path] as const,
};

/** The changed files. An empty scope means everything since the session began. */
export const diffQuery = (sessionId: string, scope: DiffQuery) =>
  queryOptions({
    queryKey: diffKeys.list(sessionId, scope),
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${sessionId}/diff`, { schema: Diff, query: scope, signal }),
    placeholderData: keepPreviousData,
  });
