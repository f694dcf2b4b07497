import { CreatedShareLink, type CreateShareLink, ShareLinkPage } from '@saas-codex/contracts/sharing';
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

/** Newest first. */
export const shareLinksQuery = (sessionId: string) =>
  infiniteQueryOptions({
    queryKey: ['share-links', sessionId] as const,
    queryFn: ({ pageParam, signal }) =>
      request(path`/api/sessions/${sessionId}/share-links`, {
        schema: ShareLinkPage,
        query: { cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    // Others may open links at any time.
    staleTime: 0,
  });

function useLinksChanged(sessionId: string) {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: shareLinksQuery(sessionId).queryKey });
}

export const useCreateShareLink = (sessionId: string) =>
  useMutation({
    mutationFn: (body: CreateShareLink) =>
      request(path`/api/sessions/${sessionId}/share-links`, {
        method: 'POST',
        schema: CreatedShareLink,
        body,
      }),
    onSuccess: useLinksChanged(sessionId),
  });

export const useRevokeShareLink = (sessionId: string) =>
  useMutation({
    mutationFn: (id: string): Promise<void> =>
      request(path`/api/sessions/${sessionId}/share-links/${id}`, { method: 'DELETE' }),
    onSettled: useLinksChanged(sessionId),
  });
