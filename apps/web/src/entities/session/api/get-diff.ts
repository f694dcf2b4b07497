import { Diff, type DiffPageQuery, type DiffQuery } from '@saas-codex/contracts/diffs';
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

export type Whitespace = DiffPageQuery['whitespace'];

/** Which changes, and which part of them. */
export type DiffScope = DiffQuery & Partial<Pick<DiffPageQuery, 'whitespace' | 'text'>>;

/** Query keys of diffs. */
export const diffKeys = {
  lists: (sessionId: string) => ['diffs', sessionId, 'files'] as const,
  list: (sessionId: string, scope: DiffScope) => [...diffKeys.lists(sessionId), scope] as const,
  pages: (sessionId: string, scope: DiffScope) => [...diffKeys.lists(sessionId), 'pages', scope] as const,
  patch: (sessionId: string, from: string, to: string, whitespace: Whitespace, path: string) =>
    ['diffs', sessionId, 'patch', from, to, whitespace, path] as const,
};

/** The changed files. An empty scope means everything since the session began. */
export const diffQuery = (sessionId: string, scope: DiffScope) =>
  queryOptions({
    queryKey: diffKeys.list(sessionId, scope),
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${sessionId}/diff`, { schema: Diff, query: scope, signal }),
    placeholderData: keepPreviousData,
  });

type Page = DiffScope & { cursor?: string };

/** The changed files in pages. All pages compare the trees that the first one names. */
export const diffPagesQuery = (sessionId: string, scope: DiffScope) =>
  infiniteQueryOptions({
    queryKey: diffKeys.pages(sessionId, scope),
    queryFn: ({ signal, pageParam }) =>
      request(path`/api/sessions/${sessionId}/diff`, { schema: Diff, query: pageParam, signal }),
    initialPageParam: scope,
    getNextPageParam: ({ from, to, next_cursor: cursor }): Page | null =>
      cursor ? { ...scope, from, to, cursor } : null,
    select: ({ pages }): Diff | undefined => {
      const first = pages[0];
      return first && { ...first, files: pages.flatMap(({ files }) => files) };
    },
    placeholderData: keepPreviousData,
  });
