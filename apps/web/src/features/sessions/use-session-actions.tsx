import type { Session } from '@saas-codex/contracts/sessions';
import { useNavigate, useParams } from '@tanstack/react-router';
import { Archive, Globe, Hammer, Pencil, Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { MenuActions } from '../../shared/ui/menu.js';
import { toastError } from '../../shared/ui/toast.js';
import { openEnvironmentDialog } from '../environment/dialogs-store.js';
import { useUpdateSession } from './api/update-session.js';
import { DeleteSessionDialog } from './delete-session-dialog.js';
import { RenameSessionDialog } from './rename-session-dialog.js';

/** What one can do with a session from any menu; `dialogs` must be rendered beside the menu. */
export function useSessionActions(session: Session): { actions: MenuActions; dialogs: ReactNode } {
  const [open, setOpen] = useState<'rename' | 'delete' | null>(null);
  const update = useUpdateSession();
  const leave = useLeaveSession(session.session_id);

  const archive = () => {
    leave();
    update.mutate(
      { sessionId: session.session_id, change: { status: 'archived' } },
      { onError: (error) => toastError(error) },
    );
  };

  const actions: MenuActions = [
    { label: 'Rename…', icon: Pencil, onSelect: () => setOpen('rename') },
    ...environmentActions(session),
    {
      label: 'Archive',
      icon: Archive,
      onSelect: archive,
      disabled: session.status === 'archived' || session.status === 'provisioning',
    },
    null,
    { label: 'Delete…', icon: Trash2, onSelect: () => setOpen('delete'), danger: true },
  ];
  const close = () => setOpen(null);
  const dialogs = (
    <>
      {open === 'rename' && <RenameSessionDialog session={session} onClose={close} />}
      {open === 'delete' && <DeleteSessionDialog session={session} onClose={close} onDeleted={leave} />}
    </>
  );
  return { actions, dialogs };
}

function environmentActions({ session_id: sessionId, status }: Session): MenuActions {
  const disabled = status === 'archived' || status === 'failed';
  const open = (about: 'network' | 'setup') => () => openEnvironmentDialog({ about, sessionId });
  return [
    { label: 'Network…', icon: Globe, onSelect: open('network'), disabled },
    { label: 'Setup…', icon: Hammer, onSelect: open('setup'), disabled },
  ];
}

/** Goes home when the page shows the session that is about to leave the list. */
function useLeaveSession(sessionId: string): () => void {
  const navigate = useNavigate();
  const params = useParams({ strict: false });
  return () => {
    if (params.sessionId === sessionId) void navigate({ to: '/' });
  };
}
