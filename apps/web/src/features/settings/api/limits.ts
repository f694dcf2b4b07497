import { LimitsOverview, type UpdateLimits } from '@saas-codex/contracts/limits';
import { Models, type UpdateModels } from '@saas-codex/contracts/models';
import { TenantUsage } from '@saas-codex/contracts/usage';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { modelsQuery } from '../../../shared/api/list-models.js';
import { request } from '../../../shared/api/request.js';

export const limitsQuery = queryOptions({
  queryKey: ['limits'] as const,
  queryFn: ({ signal }) => request('/api/limits', { schema: LimitsOverview, signal }),
});

/** @param days up to today */
export const spentQuery = (days: number) =>
  queryOptions({
    queryKey: ['usage', 'spent', days] as const,
    queryFn: async ({ signal }) => {
      const from = new Date(Date.now() - (days - 1) * 86_400_000).toISOString().slice(0, 10);
      const { spent } = await request('/api/usage', { schema: TenantUsage, query: { from }, signal });
      return spent ?? null;
    },
    staleTime: 30_000,
  });

export function useUpdateLimits() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: UpdateLimits) =>
      request('/api/limits', { method: 'PATCH', schema: LimitsOverview, body }),
    onSuccess: (limits) => client.setQueryData(limitsQuery.queryKey, limits),
  });
}

export function useUpdateModels() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: UpdateModels) => request('/api/models', { method: 'PATCH', schema: Models, body }),
    onSuccess: (models) => client.setQueryData(modelsQuery.queryKey, models),
  });
}
