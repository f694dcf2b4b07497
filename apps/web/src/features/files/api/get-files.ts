import { Files, FoundLines } from '@saas-codex/contracts/files';
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

const filesUrl = (sessionId: string) => path`/api/sessions/${sessionId}/files`;

/** What is directly in a folder. @param folder undefined: the root @param at the tree; undefined: the workspace now */
export const folderQuery = (sessionId: string, at: string | undefined, folder: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['files', sessionId, at ?? 'now', 'folder', folder ?? ''] as const,
    queryFn: ({ signal, pageParam }) =>
      request(filesUrl(sessionId), { schema: Files, query: { at, folder, ...pageParam }, signal }),
    initialPageParam: {},
    getNextPageParam: ({ at: tree, next_cursor: cursor }) => (cursor ? { at: tree, cursor } : null),
    select: ({ pages }): Files | undefined => {
      const [first, last] = [pages[0], pages.at(-1)];
      return first && last && { ...last, items: pages.flatMap(({ items }) => items) };
    },
    // A tree never changes.
    staleTime: at === undefined ? 0 : Infinity,
    placeholderData: at === undefined ? keepPreviousData : undefined,
  });

/** Lines of the files that contain a text. The list before stays until the answer is there. */
export const fileSearchQuery = (sessionId: string, at: string, q: string) =>
  queryOptions({
    queryKey: ['files', sessionId, at, 'search', q] as const,
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${sessionId}/files/search`, {
        schema: FoundLines,
        query: { at, q, limit: 200 },
        signal,
      }),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    retry: false,
  });
