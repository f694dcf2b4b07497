import type { Diff } from '@saas-codex/contracts/diffs';
import { useQueryClient } from '@tanstack/react-query';
import { ClipboardPaste, FilePen, Undo2 } from 'lucide-react';
import { revertChanges } from '../../../entities/run/api/edits.js';
import { openSessionDialog } from '../../../entities/session/session-dialog.js';
import { IconButton } from '../../../shared/ui/icon-button.js';
import { DropdownMenu, type MenuActions } from '../../../shared/ui/menu.js';
import { useMayEdit } from './use-may-edit.js';

interface EditsMenuProps {
  sessionId: string;
  /** The changes that are shown. */
  diff: Diff;
  /** Whose changes they are; undefined: those of the whole session. */
  runId: string | undefined;
}

/** What a person can do to all the files by themselves. */
export function EditsMenu({ sessionId, diff: { from, to, files }, runId }: EditsMenuProps) {
  const client = useQueryClient();
  const session = useMayEdit(sessionId);
  if (!session) return null;
  const scope = runId ? ({ scope: 'run', run_id: runId } as const) : ({ scope: 'all', from, to } as const);
  const actions: MenuActions = [
    {
      label: 'Apply patch…',
      icon: ClipboardPaste,
      onSelect: () => openSessionDialog({ about: 'patch', session }),
    },
    {
      label: runId ? 'Revert these changes' : 'Revert all changes',
      icon: Undo2,
      disabled: files.length === 0,
      onSelect: () => void revertChanges(client, sessionId, scope),
    },
  ];
  return (
    <DropdownMenu actions={actions}>
      <IconButton label="Change the files">
        <FilePen />
      </IconButton>
    </DropdownMenu>
  );
}
