import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { networkMode, networkText } from '../../entities/environment/network-modes.js';
import { openSessionDialog } from '../../entities/session/session-dialog.js';
import { systemQuery } from '../../shared/api/get-system.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { Tooltip } from '../../shared/ui/tooltip.js';

/** An icon for what the session's commands may reach. It opens the dialog that changes it, for a person who may. */
export function NetworkIndicator({ session }: { session: Session }) {
  const { data: system } = useQuery(systemQuery);
  const mayChange = usePermission('sessions:write');
  const unlimited = system?.isolation === 'none';
  const { icon: Icon } = networkMode(unlimited ? 'on' : session.network.mode);
  const label = `Network: ${unlimited ? 'not limited' : networkText(session.network)}`;
  if (!mayChange || session.status === 'archived') {
    return (
      <Tooltip label={label}>
        <span role="img" aria-label={label} className="flex size-8 items-center justify-center">
          <Icon aria-hidden className="size-4 text-muted-foreground" strokeWidth={1.75} />
        </span>
      </Tooltip>
    );
  }
  return (
    <IconButton label={label} onClick={() => openSessionDialog({ about: 'network', session })}>
      <Icon strokeWidth={1.75} />
    </IconButton>
  );
}
