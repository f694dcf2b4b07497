import { SystemInfo } from '@saas-codex/contracts/system';
import { queryOptions } from '@tanstack/react-query';
import { request } from './request.js';

export const systemQuery = queryOptions({
  queryKey: ['system'] as const,
  queryFn: ({ signal }) => request('/api/system', { schema: SystemInfo, signal }),
  staleTime: 300_000,
});
