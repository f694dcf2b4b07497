import { MemberPage } from '@saas-codex/contracts/members';
import { infiniteQueryOptions } from '@tanstack/react-query';
import { request } from './request.js';

/** The people of the organisation. Who joined first comes first. */
export const membersQuery = infiniteQueryOptions({
  initialPageParam: null as string | null,
  queryKey: ['members'] as const,
  queryFn: ({ pageParam, signal }) =>
    request('/api/members', { schema: MemberPage, query: { cursor: pageParam }, signal }),
  getNextPageParam: (page) => page.next_cursor,
});
