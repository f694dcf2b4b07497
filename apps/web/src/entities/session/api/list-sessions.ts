import { SessionPage } from '@saas-codex/contracts/sessions';
import { infiniteQueryOptions } from '@tanstack/react-query';
import { request } from '../../../shared/api/request.js';
import { sessionKeys } from '../session-cache.js';

/** Latest activity first, page by page. */
export const sessionsQuery = (archived = false) =>
  infiniteQueryOptions({
    queryKey: sessionKeys.list(archived),
    queryFn: ({ pageParam, signal }) =>
      request('/api/sessions', { schema: SessionPage, query: { archived, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
