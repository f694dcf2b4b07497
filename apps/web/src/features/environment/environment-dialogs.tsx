import { useQuery } from '@tanstack/react-query';
import { useStore } from '../../shared/lib/store.js';
import { sessionQuery } from '../sessions/api/get-session.js';
import { environmentDialog } from './dialogs-store.js';
import { NetworkDialog } from './network-dialog.js';
import { SetupDialog } from './setup-dialog.js';

/** Shows the dialog that is asked for, once its session is known. */
export function EnvironmentDialogs() {
  const wanted = useStore(environmentDialog);
  const { data: session } = useQuery({ ...sessionQuery(wanted?.sessionId ?? ''), enabled: wanted !== null });
  if (!wanted || !session) return null;
  const props = { session, allow: wanted.allow, onClose: () => environmentDialog.write(null) };
  return wanted.about === 'network' ? <NetworkDialog {...props} /> : <SetupDialog {...props} />;
}
