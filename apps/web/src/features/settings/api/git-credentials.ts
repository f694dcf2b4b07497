import {
  type ConfirmHostKeys,
  type CreateCredential,
  Credential,
  CredentialPage,
  CredentialTest,
  type ReplaceCredential,
} from '@saas-codex/contracts/credentials';
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

/** The person's git credentials and the organisation's, by host and path. */
export const gitCredentialsQuery = infiniteQueryOptions({
  queryKey: ['git-credentials'] as const,
  queryFn: ({ pageParam, signal }) =>
    request('/api/credentials', { schema: CredentialPage, query: { limit: 100, cursor: pageParam }, signal }),
  // Using one changes it, and no activity reports that.
  staleTime: 0,
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});

function useChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: gitCredentialsQuery.queryKey });
}

export const useCreateGitCredential = () =>
  useMutation({
    mutationFn: (body: CreateCredential) =>
      request('/api/credentials', { method: 'POST', schema: Credential, body }),
    onSuccess: useChanged(),
    // The token does not stay in the page's memory.
    gcTime: 0,
  });

/** What can be done with a credential that is saved. */
export function useGitCredential(id: string) {
  const onSettled = useChanged();
  const at = path`/api/credentials/${id}`;
  return {
    replace: useMutation({
      mutationFn: (body: ReplaceCredential) => request(at, { method: 'PATCH', schema: Credential, body }),
      onSettled,
      gcTime: 0,
    }),
    remove: useMutation({ mutationFn: (): Promise<void> => request(at, { method: 'DELETE' }), onSettled }),
    findHostKeys: useMutation({
      mutationFn: () =>
        request(path`/api/credentials/${id}/host-keys`, { method: 'POST', schema: Credential }),
      onSettled,
    }),
    confirmHostKeys: useMutation({
      mutationFn: (body: ConfirmHostKeys) =>
        request(path`/api/credentials/${id}/host-keys`, { method: 'PUT', schema: Credential, body }),
      onSettled,
    }),
    test: useMutation({
      mutationFn: (repo_url: string) =>
        request(path`/api/credentials/${id}/test`, {
          method: 'POST',
          schema: CredentialTest,
          body: { repo_url },
        }),
      onSettled,
    }),
  };
}
