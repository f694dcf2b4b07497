import { Diff, type DiffQuery } from '@saas-codex/contracts/diffs';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { diffKeys } from './diff-keys.js';

/** The files that changed; an empty scope is everything since the session began. */
export const diffQuery = (sessionId: string, scope: DiffQuery) =>
  queryOptions({
    queryKey: diffKeys.list(sessionId, scope),
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${sessionId}/diff`, { schema: Diff, query: scope, signal }),
    placeholderData: keepPreviousData,
  });
