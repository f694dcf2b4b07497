import type { Session } from '@saas-codex/contracts/sessions';
import { BaseBranch, BaseUpdate } from '@saas-codex/contracts/updates';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { toastNotice } from '../../../shared/ui/toast.js';
import { reloadEdited, reportEdit, UNTIL_MADE } from './edits.js';

/** The host is asked again after this time at the earliest. */
const FRESH_MS = 60_000;

/** How the session stands to the repository's branch, which its host is asked for. */
export const baseQuery = ({ session_id: id, base_commit: commit }: Session) =>
  queryOptions({
    queryKey: ['base', id, commit],
    queryFn: ({ signal }) => request(path`/api/sessions/${id}/base`, { schema: BaseBranch, signal }),
    staleTime: FRESH_MS,
    retry: false,
  });

/** Merges the branch as it is now. */
export function useUpdate(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      request(path`/api/sessions/${sessionId}/updates`, {
        method: 'POST',
        schema: BaseUpdate,
        headers: UNTIL_MADE,
      }),
    onSuccess: ({ run, conflicts }) => {
      if (conflicts.length > 0) toastNotice('Codex resolves the conflicts', conflicts.join(', '));
      else reportEdit(client, run);
    },
    onSettled: () => reloadEdited(client, sessionId),
  });
}
