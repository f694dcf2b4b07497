import type { Session } from '@saas-codex/contracts/sessions';
import { useNavigate, useParams } from '@tanstack/react-router';
import { Archive, ArchiveRestore, Globe, Hammer, Pencil, Trash2 } from 'lucide-react';
import type { MenuActions } from '../../shared/ui/menu-actions.js';
import { toastError } from '../../shared/ui/toast.js';
import { useUpdateSession } from './api/update-session.js';
import { openSessionDialog, type SessionDialog } from './session-dialog.js';

/** The menu of a session: the same in the sidebar and on the session's own page. */
export function useSessionActions(session: Session): MenuActions {
  const update = useUpdateSession();
  const leave = useLeaveSession();
  const open = (about: SessionDialog['about']) => () => openSessionDialog({ about, session });
  const setStatus = (status: 'archived' | 'ready') =>
    update.mutate(
      { sessionId: session.session_id, change: { status } },
      { onError: (error) => toastError(error) },
    );
  const archive = () => {
    leave(session.session_id);
    setStatus('archived');
  };
  const fixed = session.status === 'archived' || session.status === 'failed';
  return [
    { label: 'Rename…', icon: Pencil, onSelect: open('rename') },
    { label: 'Network…', icon: Globe, onSelect: open('network'), disabled: fixed },
    { label: 'Setup…', icon: Hammer, onSelect: open('setup'), disabled: fixed },
    session.status === 'archived'
      ? { label: 'Unarchive', icon: ArchiveRestore, onSelect: () => setStatus('ready') }
      : {
          label: 'Archive',
          icon: Archive,
          onSelect: archive,
          disabled: session.status === 'provisioning',
        },
    null,
    { label: 'Delete…', icon: Trash2, onSelect: open('delete'), danger: true },
  ];
}

/** Goes home if the page shows the session, which is about to leave the list. */
export function useLeaveSession(): (sessionId: string) => void {
  const navigate = useNavigate();
  const params = useParams({ strict: false });
  return (sessionId) => {
    if (params.sessionId === sessionId) void navigate({ to: '/' });
  };
}
