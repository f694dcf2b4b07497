import { type Diff, FilePatch } from '@saas-codex/contracts/diffs';
import { queryOptions } from '@tanstack/react-query';
import { diffKeys } from '../../../entities/session/api/get-diff.js';
import { path, request } from '../../../shared/api/request.js';

/**
 * One file's patch, between the very trees that the list of files was made of: it fits the list, however far the agent
 * has got meanwhile, and never changes.
 */
export const filePatchQuery = (sessionId: string, { from, to }: Pick<Diff, 'from' | 'to'>, file: string) =>
  queryOptions({
    queryKey: diffKeys.patch(sessionId, from, to, file),
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${sessionId}/diff/file`, {
        schema: FilePatch,
        query: { from, to, path: file },
        signal,
      }),
    staleTime: Infinity,
  });
