import { ModelServer, ModelServerTest, type SetModelServer } from '@saas-codex/contracts/models';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { systemQuery } from '../../../shared/api/get-system.js';
import { request } from '../../../shared/api/request.js';

export const modelServerQuery = queryOptions({
  queryKey: ['model-server'] as const,
  queryFn: ({ signal }) => request('/api/models/server', { schema: ModelServer, signal }),
  // No activity reports that somebody else has changed it.
  staleTime: 0,
});

/** The server decides also whether a demo answers. */
function useServerChanged() {
  const client = useQueryClient();
  return () =>
    Promise.all(
      [modelServerQuery, systemQuery].map(({ queryKey }) => client.invalidateQueries({ queryKey })),
    );
}

export const useSetModelServer = () =>
  useMutation({
    mutationFn: (body: SetModelServer) =>
      request('/api/models/server', { method: 'PUT', schema: ModelServer, body }),
    onSuccess: useServerChanged(),
    // The key does not stay in the page's memory.
    gcTime: 0,
  });

export const useRemoveModelServer = () =>
  useMutation({
    mutationFn: (): Promise<void> => request('/api/models/server', { method: 'DELETE' }),
    onSettled: useServerChanged(),
  });

export const useTestModelServer = () =>
  useMutation({
    mutationFn: () => request('/api/models/server/test', { method: 'POST', schema: ModelServerTest }),
  });
