import { RepositoryRefs, RepositorySearch } from '@saas-codex/contracts/forges';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { request } from '../../../shared/api/request.js';
import { usePermission } from '../../../shared/api/use-permission.js';

/** Forges count requests, so a word is searched for when it is typed, and not each of its letters. */
const PAUSE_MS = 300;
/** What was found stays good for a while. */
const FRESH_MS = 60_000;
const LONGEST = 100;

/** What connected forges have. @param typed null: nobody looks */
export function useRepositorySearch(typed: string | null) {
  const mayAsk = usePermission('credentials:own');
  const query = usePaused(typed)?.slice(0, LONGEST) ?? null;
  const { data, isFetching } = useQuery({
    queryKey: ['repositories', query] as const,
    queryFn: ({ signal }) =>
      request('/api/repositories', { schema: RepositorySearch, query: { query: query ?? '' }, signal }),
    // An address is no name.
    enabled: mayAsk && query !== null && !query.includes(':'),
    placeholderData: keepPreviousData,
    staleTime: FRESH_MS,
    retry: false,
  });
  return { repositories: data?.items ?? [], failed: data?.failed ?? [], isSearching: isFetching && !data };
}

/** The branches and tags of a repository. */
export function useRepositoryRefs(repository: string, isWanted: boolean) {
  const mayAsk = usePermission('credentials:own');
  return useQuery({
    queryKey: ['repository-refs', repository] as const,
    queryFn: ({ signal }) =>
      request('/api/repositories/refs', { schema: RepositoryRefs, query: { repo_url: repository }, signal }),
    enabled: mayAsk && isWanted,
    staleTime: FRESH_MS,
    retry: false,
  });
}

/** The value, once it has stayed the same for a moment. null comes at once. */
function usePaused(value: string | null): string | null {
  const [paused, setPaused] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(value), value === null || value === '' ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return value === null ? null : paused;
}
