import { SecretPage } from '@saas-codex/contracts/secrets';
import { infiniteQueryOptions } from '@tanstack/react-query';
import { request } from '../../../shared/api/request.js';

/** The organisation's environment secrets, by name and without their values. */
export const secretsQuery = infiniteQueryOptions({
  queryKey: ['secrets'] as const,
  queryFn: ({ pageParam, signal }) =>
    request('/api/secrets', {
      schema: SecretPage,
      query: { kind: 'environment', limit: 100, cursor: pageParam },
      signal,
    }),
  // No activity reports that somebody else has changed them.
  staleTime: 0,
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});
