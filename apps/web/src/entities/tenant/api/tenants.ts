import { type CreateTenant, Tenant, TenantPage, type UpdateTenant } from '@saas-codex/contracts/tenants';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { meQuery } from '../../../shared/api/get-me.js';
import { path, request } from '../../../shared/api/request.js';

/** Nobody belongs to more of them than a page holds. */
export const tenantsQuery = queryOptions({
  queryKey: ['tenants'] as const,
  queryFn: ({ signal }) =>
    request('/api/tenants', { schema: TenantPage, query: { limit: 100 }, signal }).then(({ items }) => items),
});

/** Nothing that the page has read is of the tenant that the person is in now. */
const startOver = () => location.assign('/');

const choose = (tenantId: string): Promise<void> =>
  request(path`/api/tenants/${tenantId}/choose`, { method: 'POST' });

export const useChooseTenant = () => useMutation({ mutationFn: choose, onSuccess: startOver });

export const useCreateTenant = () =>
  useMutation({
    mutationFn: async (body: CreateTenant) =>
      choose((await request('/api/tenants', { method: 'POST', schema: Tenant, body })).tenant_id),
    onSuccess: startOver,
  });

export const useLeaveTenant = (tenantId: string) =>
  useMutation({
    mutationFn: (): Promise<void> => request(path`/api/tenants/${tenantId}/leave`, { method: 'POST' }),
    onSuccess: startOver,
  });

/** Changes the tenant that the page shows. */
export function useChangeTenant(tenantId: string) {
  const client = useQueryClient();
  const onSuccess = () =>
    Promise.all(
      [meQuery.queryKey, tenantsQuery.queryKey].map((queryKey) => client.invalidateQueries({ queryKey })),
    );
  const url = path`/api/tenants/${tenantId}`;
  return {
    rename: useMutation({
      mutationFn: (body: UpdateTenant) => request(url, { method: 'PATCH', schema: Tenant, body }),
      onSuccess,
    }),
    remove: useMutation({
      mutationFn: (name: string) => request(url, { method: 'DELETE', schema: Tenant, query: { name } }),
      onSuccess,
    }),
    restore: useMutation({
      mutationFn: () => request(`${url}/restore`, { method: 'POST', schema: Tenant }),
      onSuccess: startOver,
    }),
  };
}
