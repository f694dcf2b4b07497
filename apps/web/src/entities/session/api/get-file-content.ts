import { FileContent } from '@saas-codex/contracts/files';
import { queryOptions } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

/** A file of a tree, which never changes. */
export const fileContentQuery = (sessionId: string, at: string, file: string) =>
  queryOptions({
    queryKey: ['files', sessionId, at, 'content', file] as const,
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${sessionId}/files/content`, {
        schema: FileContent,
        query: { at, path: file },
        signal,
      }),
    staleTime: Infinity,
    retry: false,
  });

const urlOf = (sessionId: string, what: 'download' | 'image', at: string, file: string): string =>
  `${path`/api/sessions/${sessionId}/files/${what}`}?${new URLSearchParams({ at, path: file })}`;

/** Where a browser downloads a file. */
export const fileDownloadUrl = (sessionId: string, at: string, file: string): string =>
  urlOf(sessionId, 'download', at, file);

/** Where a browser finds an image of the repository. */
export const fileImageUrl = (sessionId: string, at: string, file: string): string =>
  urlOf(sessionId, 'image', at, file);
