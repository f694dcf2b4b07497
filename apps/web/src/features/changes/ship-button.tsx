import type { Session } from '@saas-codex/contracts/sessions';
import { GitBranch } from 'lucide-react';
import { openSessionDialog } from '../../entities/session/session-dialog.js';
import { cx } from '../../shared/lib/cx.js';
import { lookUp } from '../../shared/lib/open-enums.js';
import { Button } from '../../shared/ui/button.js';

const STATES: Readonly<Record<string, { said: string; className: string }>> = {
  pending: { said: 'pushing to', className: 'animate-pulse text-accent' },
  pushed: { said: 'pushed to', className: 'text-success' },
  failed: { said: 'could not be pushed to', className: 'text-destructive' },
};

/** Opens what ships the changes, and shows how the last push stands. */
export function ShipButton({ session }: { session: Session }) {
  const { last_push: last } = session;
  const state = last && lookUp(STATES, last.status);
  const name = last && state ? `Ship: ${state.said} ${last.branch}` : 'Ship';
  return (
    <Button
      size="sm"
      aria-label={name}
      title={name}
      onClick={() => openSessionDialog({ about: 'ship', session })}
    >
      <GitBranch className={cx(state?.className)} />
      Ship
    </Button>
  );
}
