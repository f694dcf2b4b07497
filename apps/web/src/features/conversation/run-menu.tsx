import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Ellipsis, GitFork, History, SquarePen, Undo2 } from 'lucide-react';
import { useFork } from '../../entities/run/api/rewind.js';
import { openSessionDialog } from '../../entities/session/session-dialog.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { DropdownMenu, type MenuActions } from '../../shared/ui/menu.js';
import { toastError } from '../../shared/ui/toast.js';

/** What can be done from a prompt that has ended: go back to before it, or go on from after it elsewhere. */
export function RunMenu({ run, session }: { run: Run; session: Session }) {
  const mayPrompt = usePermission('runs:create');
  const mayStart = usePermission('sessions:write');
  const client = useQueryClient();
  const navigate = useNavigate();
  const fork = useFork(session.session_id);
  const isBusy = session.active_run_id !== null;
  const isRewindable = mayPrompt && session.status === 'ready';
  const open = (resend: boolean) => openSessionDialog({ about: 'rewind', session, rewind: { run, resend } });
  const startFork = () =>
    fork.mutate(
      { run_id: run.run_id },
      {
        onSuccess: ({ session_id: sessionId }) =>
          void navigate({ to: '/sessions/$sessionId', params: { sessionId } }),
        onError: (error) => toastError(error),
      },
    );
  const revert = async () => {
    const { revertChanges } = await import('../../entities/run/api/edits.js');
    await revertChanges(client, session.session_id, { scope: 'run', run_id: run.run_id });
  };
  const isRevertable = isRewindable && !run.rewound_at && (run.diff?.files ?? 0) > 0;
  const actions: MenuActions = [
    ...(isRewindable
      ? [
          { label: 'Edit and resend…', icon: SquarePen, onSelect: () => open(true) },
          { label: 'Rewind to here…', icon: History, onSelect: () => open(false) },
        ]
      : []),
    ...(isRevertable ? [{ label: 'Revert its changes', icon: Undo2, onSelect: () => void revert() }] : []),
    ...(mayStart && session.status === 'ready'
      ? [{ label: 'Fork from here', icon: GitFork, onSelect: startFork, disabled: isBusy }]
      : []),
  ];
  if (actions.length === 0) return null;
  return (
    <DropdownMenu actions={actions} align="start">
      <IconButton label="More for this prompt" size="sm" side="top">
        <Ellipsis />
      </IconButton>
    </DropdownMenu>
  );
}
