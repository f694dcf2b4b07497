import {
  type ConnectForge,
  type ConvertGithubApp,
  type CreateGithubApp,
  Forge,
  ForgePage,
  ForgeTest,
  GithubAppForm,
  type ReplaceForgeToken,
} from '@saas-codex/contracts/forges';
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

/** The person's connected forges and the organisation's, by host. */
export const forgesQuery = infiniteQueryOptions({
  queryKey: ['forges'] as const,
  queryFn: ({ pageParam, signal }) =>
    request('/api/forges', { schema: ForgePage, query: { limit: 100, cursor: pageParam }, signal }),
  // Using one changes it, and no activity reports that.
  staleTime: 0,
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});

/** What is found depends on what is connected. */
function useChanged() {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: forgesQuery.queryKey }),
      client.invalidateQueries({ queryKey: ['repositories'] }),
    ]);
}

export const useConnectForge = () =>
  useMutation({
    mutationFn: (body: ConnectForge) => request('/api/forges', { method: 'POST', schema: Forge, body }),
    onSuccess: useChanged(),
    // The token does not stay in the page's memory.
    gcTime: 0,
  });

export const useBeginGithubApp = () =>
  useMutation({
    mutationFn: (body: CreateGithubApp) =>
      request('/api/forges/github-apps', { method: 'POST', schema: GithubAppForm, body }),
    gcTime: 0,
  });

export const useConvertGithubApp = () =>
  useMutation({
    mutationFn: (body: ConvertGithubApp) =>
      request('/api/forges/github-apps/conversions', { method: 'POST', schema: Forge, body }),
    onSuccess: useChanged(),
    gcTime: 0,
  });

/** What can be done with a forge that is connected. */
export function useForge(id: string) {
  const onSettled = useChanged();
  const at = path`/api/forges/${id}`;
  return {
    replace: useMutation({
      mutationFn: (body: ReplaceForgeToken) => request(at, { method: 'PATCH', schema: Forge, body }),
      onSettled,
      gcTime: 0,
    }),
    remove: useMutation({ mutationFn: (): Promise<void> => request(at, { method: 'DELETE' }), onSettled }),
    test: useMutation({
      mutationFn: () => request(path`/api/forges/${id}/test`, { method: 'POST', schema: ForgeTest }),
      onSettled,
    }),
  };
}
