import { Home } from '@saas-codex/contracts/home';
import { IgnoredFiles } from '@saas-codex/contracts/ignored-files';
import type { Session } from '@saas-codex/contracts/sessions';
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

/** Runs change these files, so what was read belongs to a moment between two of them. */
const keyOf = ({ session_id: id, active_run_id: run, updated_at: at }: Session, ...what: string[]) =>
  ['leftovers', id, ...what, run, at] as const;

/** How many files git ignores, and how large they are. */
export const ignoredCountQuery = (session: Session) =>
  queryOptions({
    queryKey: keyOf(session, 'count'),
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${session.session_id}/ignored-files`, {
        schema: IgnoredFiles,
        query: { limit: 1 },
        signal,
      }),
    placeholderData: keepPreviousData,
  });

/** The ignored files directly in a folder; undefined: wherever they are. */
export const ignoredFilesQuery = (session: Session, folder: string | undefined) =>
  infiniteQueryOptions({
    queryKey: keyOf(session, 'ignored', folder ?? ''),
    queryFn: ({ signal, pageParam }) =>
      request(path`/api/sessions/${session.session_id}/ignored-files`, {
        schema: IgnoredFiles,
        query: { folder, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor: cursor }) => cursor,
    select: ({ pages }): IgnoredFiles | undefined => {
      const first = pages[0];
      return first && { ...first, items: pages.flatMap(({ items }) => items) };
    },
  });

/** Where a browser downloads an ignored file. */
export const ignoredFileUrl = (sessionId: string, file: string): string =>
  `${path`/api/sessions/${sessionId}/ignored-files/file`}?${new URLSearchParams({ path: file })}`;

/** Where a browser downloads all ignored files, or those of a folder. */
export const ignoredArchiveUrl = (sessionId: string, folder: string | undefined): string =>
  `${path`/api/sessions/${sessionId}/ignored-files/archive`}?${new URLSearchParams(folder === undefined ? {} : { folder })}`;

export const homeQuery = (session: Session) =>
  queryOptions({
    queryKey: keyOf(session, 'home'),
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${session.session_id}/home`, { schema: Home, signal }),
    placeholderData: keepPreviousData,
  });

/** Discards what agents changed in their HOME. */
export function useResetHome() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (sessionId: string) => request(path`/api/sessions/${sessionId}/home`, { method: 'DELETE' }),
    onSuccess: (_answer, sessionId) => client.invalidateQueries({ queryKey: ['leftovers', sessionId] }),
  });
}
