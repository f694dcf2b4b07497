import type { Diff, DiffFile } from '@saas-codex/contracts/diffs';
import { useQueryClient } from '@tanstack/react-query';
import { Ellipsis, Pencil, Undo2 } from 'lucide-react';
import { revertChanges } from '../../../entities/run/api/edits.js';
import { openSessionDialog } from '../../../entities/session/session-dialog.js';
import { IconButton } from '../../../shared/ui/icon-button.js';
import { DropdownMenu, type MenuActions } from '../../../shared/ui/menu.js';
import { useMayEdit } from './use-may-edit.js';

interface FileMenuProps extends Pick<Diff, 'from' | 'to'> {
  sessionId: string;
  file: DiffFile;
}

/** What a person can do to a changed file by themselves. */
export function FileMenu({ sessionId, from, to, file }: FileMenuProps) {
  const client = useQueryClient();
  const session = useMayEdit(sessionId);
  if (!session) return null;
  const { path } = file;
  const isText = !file.binary && file.new_mode?.startsWith('100');
  const actions: MenuActions = [
    ...(isText
      ? [
          {
            label: 'Edit…',
            icon: Pencil,
            onSelect: () => openSessionDialog({ about: 'edit-file', session, file: { path, tree: to } }),
          },
        ]
      : []),
    {
      label: 'Revert file',
      icon: Undo2,
      onSelect: () => void revertChanges(client, sessionId, { scope: 'file', from, to, path }),
    },
  ];
  return (
    <DropdownMenu actions={actions}>
      <IconButton label="More for this file">
        <Ellipsis />
      </IconButton>
    </DropdownMenu>
  );
}
