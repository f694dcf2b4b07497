import { TenantUsage } from '@saas-codex/contracts/usage';
import { queryOptions } from '@tanstack/react-query';
import { request } from '../../../shared/api/request.js';

export const usageQuery = queryOptions({
  queryKey: ['usage'] as const,
  queryFn: ({ signal }) => request('/api/usage', { schema: TenantUsage, signal }),
  staleTime: 30_000,
});
