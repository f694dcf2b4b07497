import { knownNetwork } from '@saas-codex/contracts/network';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { IconButton } from '../../shared/ui/icon-button.js';
import { systemQuery } from '../settings/api/get-system.js';
import { openEnvironmentDialog } from './dialogs-store.js';
import { MODES, networkText } from './network-modes.js';

/** What the session's commands may reach, as a small sign; opens the dialog that changes it. */
export function NetworkIndicator({ session }: { session: Session }) {
  const { data: system } = useQuery(systemQuery);
  const unlimited = system?.isolation === 'none';
  const Icon = MODES[unlimited ? 'on' : (knownNetwork(session.network)?.mode ?? 'off')].icon;
  return (
    <IconButton
      label={`Network: ${unlimited ? 'not limited' : networkText(session.network)}`}
      disabled={session.status === 'archived'}
      onClick={() => openEnvironmentDialog({ about: 'network', sessionId: session.session_id })}
    >
      <Icon strokeWidth={1.75} />
    </IconButton>
  );
}
