import { ApiKeyPage, CreatedApiKey, type CreateApiKey } from '@saas-codex/contracts/api-keys';
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

/** Whose keys: the collection that has them. */
export const OWN_KEYS = '/api/api-keys';
export const keysOfServiceAccount = (id: string): string => path`/api/service-accounts/${id}/keys`;

/** Newest first. */
export const apiKeysQuery = (collection: string) =>
  infiniteQueryOptions({
    queryKey: ['api-keys', collection] as const,
    queryFn: ({ pageParam, signal }) =>
      request(collection, { schema: ApiKeyPage, query: { cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

function useKeysChanged(collection: string) {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: apiKeysQuery(collection).queryKey });
}

export const useCreateApiKey = (collection: string) =>
  useMutation({
    mutationFn: (body: CreateApiKey) => request(collection, { method: 'POST', schema: CreatedApiKey, body }),
    onSuccess: useKeysChanged(collection),
  });

export const useRevokeApiKey = (collection: string) =>
  useMutation({
    mutationFn: (id: string): Promise<void> => request(collection + path`/${id}`, { method: 'DELETE' }),
    onSettled: useKeysChanged(collection),
  });
