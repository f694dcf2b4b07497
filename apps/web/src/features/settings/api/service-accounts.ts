import {
  type CreateServiceAccount,
  ServiceAccount,
  ServiceAccountPage,
  type UpdateServiceAccount,
} from '@saas-codex/contracts/service-accounts';
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

/** Newest first. */
export const serviceAccountsQuery = infiniteQueryOptions({
  queryKey: ['service-accounts'] as const,
  queryFn: ({ pageParam, signal }) =>
    request('/api/service-accounts', { schema: ServiceAccountPage, query: { cursor: pageParam }, signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});

function useAccountsChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: serviceAccountsQuery.queryKey });
}

export const useCreateServiceAccount = () =>
  useMutation({
    mutationFn: (body: CreateServiceAccount) =>
      request('/api/service-accounts', { method: 'POST', schema: ServiceAccount, body }),
    onSuccess: useAccountsChanged(),
  });

export function useChangeServiceAccount(id: string) {
  const url = path`/api/service-accounts/${id}`;
  // A refused change may mean that somebody else has changed or deleted it.
  const onSettled = useAccountsChanged();
  return {
    update: useMutation({
      mutationFn: (body: UpdateServiceAccount) =>
        request(url, { method: 'PATCH', schema: ServiceAccount, body }),
      onSettled,
    }),
    remove: useMutation({
      mutationFn: (): Promise<void> => request(url, { method: 'DELETE' }),
      onSettled,
    }),
  };
}
