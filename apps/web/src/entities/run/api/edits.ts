import type { ApplyPatch, RevertChanges, WriteFile } from '@saas-codex/contracts/edits';
import { Run } from '@saas-codex/contracts/runs';
import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { toastError, toastNotice, toastUndo } from '../../../shared/ui/toast.js';
import { diffKeys } from '../../session/api/get-diff.js';
import { reloadRuns } from '../run-cache.js';

/** What a person changes in the files by themselves: the body of one of three requests. */
export type Edit = { revert: RevertChanges } | { patch: ApplyPatch } | { file: WriteFile };

/** Most edits are made by then. Others wait for a run that works. */
export const UNTIL_MADE = { prefer: 'wait=15' };

function send(sessionId: string, edit: Edit): Promise<Run> {
  const options = { schema: Run, headers: UNTIL_MADE };
  if ('revert' in edit)
    return request(path`/api/sessions/${sessionId}/reverts`, {
      ...options,
      method: 'POST',
      body: edit.revert,
    });
  if ('patch' in edit)
    return request(path`/api/sessions/${sessionId}/patches`, {
      ...options,
      method: 'POST',
      body: edit.patch,
    });
  return request(path`/api/sessions/${sessionId}/files`, { ...options, method: 'PUT', body: edit.file });
}

/**
 * Makes an edit and reports it, with an undo.
 * @throws ApiError when it was refused
 */
async function makeEdit(client: QueryClient, sessionId: string, edit: Edit): Promise<void> {
  try {
    reportEdit(client, await send(sessionId, edit));
  } finally {
    reloadEdited(client, sessionId);
  }
}

/** Reads again what an edit changes. */
export function reloadEdited(client: QueryClient, sessionId: string): void {
  reloadRuns(client, sessionId);
  void client.invalidateQueries({ queryKey: diffKeys.lists(sessionId) });
}

/** Takes changes back. A failure is shown as a toast. */
export async function revertChanges(
  client: QueryClient,
  sessionId: string,
  revert: RevertChanges,
): Promise<void> {
  await makeEdit(client, sessionId, { revert }).catch(toastError);
}

/** For a dialog, which shows the failure itself. */
export function useEdit(sessionId: string) {
  const client = useQueryClient();
  return useMutation({ mutationFn: (edit: Edit) => makeEdit(client, sessionId, edit) });
}

/** Says how an edit ended, with an undo. */
export function reportEdit(client: QueryClient, run: Run): void {
  const { run_id: runId, session_id: sessionId, status, prompt } = run;
  if (status === 'succeeded')
    toastUndo('Files changed', prompt, () => {
      void revertChanges(client, sessionId, { scope: 'run', run_id: runId });
    });
  else if (run.ended_at === null) toastNotice('Waits until the run has ended', prompt);
  else toastNotice('The files stay as they were', run.error ?? prompt);
}
