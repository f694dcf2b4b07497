import type { Session } from '@saas-codex/contracts/sessions';
import { IconButton } from '../../shared/ui/icon-button.js';
import { openEnvironmentDialog } from './dialogs-store.js';
import { MODES, networkText } from './network-modes.js';

/** What the session's commands may reach, as a small sign; opens the dialog that changes it. */
export function NetworkIndicator({ session }: { session: Session }) {
  const Icon = MODES[session.network.mode].icon;
  return (
    <IconButton
      label={`Network: ${networkText(session.network)}`}
      disabled={session.status === 'archived'}
      onClick={() => openEnvironmentDialog({ about: 'network', sessionId: session.session_id })}
    >
      <Icon strokeWidth={1.75} />
    </IconButton>
  );
}
