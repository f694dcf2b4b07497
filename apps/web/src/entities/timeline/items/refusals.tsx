import type { Session } from '@saas-codex/contracts/sessions';
import { GlobeX } from 'lucide-react';
import { allows } from '../../environment/network-draft.js';
import { type Refusal, refusedBecause } from '../../environment/network-modes.js';
import { usePermission } from '../../../shared/api/use-permission.js';
import { openSessionDialog } from '../../session/session-dialog.js';
import { StepRow } from './step-row.js';

interface RefusalsProps {
  id: string;
  refusals: readonly Refusal[];
  session: Session;
  /** The setup script was refused, not the agent. */
  setup?: boolean;
}

/** Up to this number each refusal has its own line; more are folded into one. */
const LINES = 3;

/** Refused connections, with a button to allow them. */
export function Refusals({ id, refusals, session, setup = false }: RefusalsProps) {
  // A setup with its own network is changed in the setup's dialog, anything else in the session's.
  const own = setup ? session.setup?.network : undefined;
  const about = own ? 'setup' : 'network';
  const mayAllow = usePermission('sessions:write') && session.status !== 'archived';
  const lines = refusals.map((refusal) => (
    <RefusalLine
      key={`${refusal.host}:${refusal.port}/${refusal.reason}`}
      refusal={refusal}
      about={about}
      allowed={allows(own ?? session.network, refusal)}
      onAllow={
        mayAllow && refusal.reason !== 'address_not_public'
          ? () => openSessionDialog({ about, session, allow: refusal })
          : undefined
      }
    />
  ));
  if (lines.length <= LINES) return lines;
  const hosts = new Set(refusals.map(({ host }) => host)).size;
  return (
    <StepRow
      id={id}
      icon={GlobeX}
      verb={`Refused: ${lines.length} connections to ${hosts} ${hosts === 1 ? 'host' : 'hosts'}`}
    >
      {lines}
    </StepRow>
  );
}

interface RefusalLineProps {
  refusal: Refusal;
  about: 'network' | 'setup';
  /** The network allows it by now. */
  allowed: boolean;
  onAllow: (() => void) | undefined;
}

const RefusalLine = ({ refusal: { host, port, reason }, about, allowed, onAllow }: RefusalLineProps) => (
  <div className="flex gap-2.5 py-1 text-sm text-muted-foreground">
    <GlobeX aria-hidden className="mt-0.5 size-4 shrink-0 text-subtle-foreground" strokeWidth={1.75} />
    <p className="min-w-0 [overflow-wrap:anywhere]">
      Refused:{' '}
      <code className="font-mono text-xs text-foreground/90">
        {host}:{port}
      </code>
      , {refusedBecause(reason, about)}
      {allowed && <span className="text-subtle-foreground"> · allowed from the next run</span>}
      {!allowed && onAllow && (
        <button
          type="button"
          aria-label={`Allow ${host}`}
          onClick={onAllow}
          className="ml-2.5 rounded-sm font-medium whitespace-nowrap text-foreground underline decoration-foreground/25 underline-offset-3 hover:decoration-foreground"
        >
          Allow…
        </button>
      )}
    </p>
  </div>
);
