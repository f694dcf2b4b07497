import type { Diff, DiffFile } from '@saas-codex/contracts/diffs';
import type { HunkRange } from '@saas-codex/contracts/edits';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { revertChanges } from '../../../entities/run/api/edits.js';
import { useMayEdit } from './use-may-edit.js';

/** Takes back changed lines of a file. undefined: the person may not change the files. */
export function useRevertLines({
  sessionId,
  from,
  to,
  file: { path },
}: Pick<Diff, 'from' | 'to'> & { sessionId: string; file: DiffFile }) {
  const client = useQueryClient();
  const mayEdit = useMayEdit(sessionId) !== null;
  return useMemo(
    () =>
      mayEdit
        ? (block: HunkRange) =>
            void revertChanges(client, sessionId, { scope: 'hunk', from, to, path, hunks: [block] })
        : undefined,
    [mayEdit, client, sessionId, from, to, path],
  );
}
