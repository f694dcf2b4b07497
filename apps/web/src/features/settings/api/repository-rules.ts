import {
  type CreateRepositoryRule,
  RepositoryRule,
  RepositoryRulePage,
  type UpdateRepositoryRule,
} from '@saas-codex/contracts/repository-rules';
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

/** What the organisation has decided for its repositories, by host and path. */
export const repositoryRulesQuery = infiniteQueryOptions({
  queryKey: ['repository-rules'] as const,
  queryFn: ({ pageParam, signal }) =>
    request('/api/repository-rules', {
      schema: RepositoryRulePage,
      query: { limit: 100, cursor: pageParam },
      signal,
    }),
  // No activity reports that somebody else has changed one.
  staleTime: 0,
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});

export function useRepositoryRules() {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: repositoryRulesQuery.queryKey });
  return {
    create: useMutation({
      mutationFn: (body: CreateRepositoryRule) =>
        request('/api/repository-rules', { method: 'POST', schema: RepositoryRule, body }),
      onSettled,
    }),
    update: useMutation({
      mutationFn: ({ id, body }: { id: string; body: UpdateRepositoryRule }) =>
        request(path`/api/repository-rules/${id}`, { method: 'PATCH', schema: RepositoryRule, body }),
      onSettled,
    }),
    remove: useMutation({
      mutationFn: (id: string): Promise<void> =>
        request(path`/api/repository-rules/${id}`, { method: 'DELETE' }),
      onSettled,
    }),
  };
}
