import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { networkMode, networkText } from '../../entities/environment/network-modes.js';
import { openSessionDialog } from '../../entities/session/session-dialog.js';
import { systemQuery } from '../../shared/api/get-system.js';
import { IconButton } from '../../shared/ui/icon-button.js';

/** An icon for what the session's commands may reach; opens the dialog that changes it. */
export function NetworkIndicator({ session }: { session: Session }) {
  const { data: system } = useQuery(systemQuery);
  const unlimited = system?.isolation === 'none';
  const { icon: Icon } = networkMode(unlimited ? 'on' : session.network.mode);
  return (
    <IconButton
      label={`Network: ${unlimited ? 'not limited' : networkText(session.network)}`}
      disabled={session.status === 'archived'}
      onClick={() => openSessionDialog({ about: 'network', session })}
    >
      <Icon strokeWidth={1.75} />
    </IconButton>
  );
}
