import { type Diff, FilePatch } from '@saas-codex/contracts/diffs';
import { queryOptions } from '@tanstack/react-query';
import { diffKeys, type Whitespace } from './get-diff.js';
import { path, request } from '../../../shared/api/request.js';

/**
 * The patch of one file, between the same trees as the list of files: it fits the list even if the agent has moved on,
 * and never changes.
 */
export const filePatchQuery = (
  sessionId: string,
  { from, to, whitespace }: Pick<Diff, 'from' | 'to'> & { whitespace: Whitespace },
  file: string,
) =>
  queryOptions({
    queryKey: diffKeys.patch(sessionId, from, to, whitespace, file),
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${sessionId}/diff/file`, {
        schema: FilePatch,
        query: { from, to, whitespace, path: file },
        signal,
      }),
    staleTime: Infinity,
  });
