import { Me } from '@saas-codex/contracts/identity';
import { queryOptions } from '@tanstack/react-query';
import { request } from './request.js';

export const meQuery = queryOptions({
  queryKey: ['me'] as const,
  queryFn: ({ signal }) => request('/api/me', { schema: Me, signal }),
  staleTime: 300_000,
});
