import { ApiKeyPage, CreatedApiKey, type CreateApiKey } from '@saas-codex/contracts/api-keys';
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

/** Newest first. */
export const apiKeysQuery = infiniteQueryOptions({
  queryKey: ['api-keys'] as const,
  queryFn: ({ pageParam, signal }) =>
    request('/api/api-keys', { schema: ApiKeyPage, query: { cursor: pageParam }, signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});

function useKeysChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: apiKeysQuery.queryKey });
}

export const useCreateApiKey = () =>
  useMutation({
    mutationFn: (body: CreateApiKey) =>
      request('/api/api-keys', { method: 'POST', schema: CreatedApiKey, body }),
    onSuccess: useKeysChanged(),
  });

export const useRevokeApiKey = () =>
  useMutation({
    mutationFn: (id: string): Promise<void> => request(path`/api/api-keys/${id}`, { method: 'DELETE' }),
    onSettled: useKeysChanged(),
  });
