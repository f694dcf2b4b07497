import { type AuditFilters, AuditPage } from '@saas-codex/contracts/audit';
import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query';
import { request } from '../../../shared/api/request.js';

/** Newest first. */
export const auditQuery = (filters: AuditFilters) =>
  infiniteQueryOptions({
    queryKey: ['audit', filters] as const,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      request('/api/audit', { schema: AuditPage, query: { ...filters, cursor: pageParam }, signal }),
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    // Every visit shows what has been added.
    staleTime: 0,
  });

/** Where the browser downloads what the filters leave. */
export function auditExportUrl(filters: AuditFilters, format: 'csv' | 'ndjson'): string {
  const given = Object.entries(filters).filter(([, value]) => value);
  return `/api/audit/export?${new URLSearchParams([['format', format], ...given])}`;
}
