import { type DiffQuery, FilePatch } from '@saas-codex/contracts/diffs';
import { queryOptions } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { diffKeys } from './diff-keys.js';

/** One file's patch. `version` names the file's state in the list, so that an unchanged file is not read again. */
export const filePatchQuery = (sessionId: string, scope: DiffQuery, file: string, version: string) =>
  queryOptions({
    queryKey: diffKeys.patch(sessionId, scope, file, version),
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${sessionId}/diff/file`, {
        schema: FilePatch,
        query: { ...scope, path: file },
        signal,
      }),
    staleTime: Infinity,
  });
