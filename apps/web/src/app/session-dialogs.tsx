import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { sessionQuery } from '../entities/session/api/get-session.js';
import { closeSessionDialog, sessionDialog } from '../entities/session/session-dialog.js';
import { DeleteSessionDialog } from '../features/session-actions/delete-session-dialog.js';
import { RenameSessionDialog } from '../features/session-actions/rename-session-dialog.js';
import { useStore } from '../shared/lib/store.js';

const NetworkDialog = lazy(async () => ({
  default: (await import('../features/environment/network-dialog.js')).NetworkDialog,
}));
const SetupDialog = lazy(async () => ({
  default: (await import('../features/environment/setup-dialog.js')).SetupDialog,
}));

/** Shows the dialog that was opened about a session (entities/session/session-dialog.ts). */
export function SessionDialogs() {
  const dialog = useStore(sessionDialog);
  const { data } = useQuery({
    ...sessionQuery(dialog?.session.session_id ?? ''),
    enabled: dialog?.about === 'network' || dialog?.about === 'setup',
  });
  if (!dialog) return null;
  const { about, allow } = dialog;
  const session = data ?? dialog.session;
  switch (about) {
    case 'rename':
      return <RenameSessionDialog session={session} onClose={closeSessionDialog} />;
    case 'delete':
      return <DeleteSessionDialog session={session} onClose={closeSessionDialog} />;
    case 'network':
      return (
        <Suspense fallback={null}>
          <NetworkDialog session={session} allow={allow} onClose={closeSessionDialog} />
        </Suspense>
      );
    case 'setup':
      return (
        <Suspense fallback={null}>
          <SetupDialog session={session} allow={allow} onClose={closeSessionDialog} />
        </Suspense>
      );
  }
}
