import type { Session } from '@saas-codex/contracts/sessions';
import { GlobeX } from 'lucide-react';
import { Button } from '../../../shared/ui/button.js';
import { openEnvironmentDialog } from '../../environment/dialogs-store.js';
import { refusedBecause } from '../../environment/network-modes.js';
import type { Refusal } from '../fold/run-timeline.js';
import { StepRow } from '../ui/step-row.js';

interface RefusalsProps {
  id: string;
  refusals: readonly Refusal[];
  session: Session;
  /** The setup script was refused, not the agent. */
  setup?: boolean;
}

/** Up to here each has its line; more fold into one. */
const LINES = 3;

/** Connections that were not allowed, and the way to allow them. */
export function Refusals({ id, refusals, session, setup = false }: RefusalsProps) {
  // A script with a network of its own is allowed more there, else where the session's is.
  const about = setup && session.setup?.network ? 'setup' : 'network';
  const lines = refusals.map((refusal) => (
    <RefusalLine
      key={`${refusal.host}:${refusal.port}/${refusal.reason}`}
      refusal={refusal}
      about={about}
      onAllow={
        session.status !== 'archived' && refusal.reason !== 'address_not_public'
          ? () => openEnvironmentDialog({ about, sessionId: session.session_id, allow: refusal })
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
  onAllow: (() => void) | undefined;
}

const RefusalLine = ({ refusal: { host, port, reason }, about, onAllow }: RefusalLineProps) => (
  <div className="flex min-h-7 items-center gap-2.5 text-sm text-muted-foreground">
    <GlobeX aria-hidden className="size-4 shrink-0 text-subtle-foreground" strokeWidth={1.75} />
    <p className="min-w-0 [overflow-wrap:anywhere]">
      Refused:{' '}
      <code className="font-mono text-xs text-foreground/90">
        {host}:{port}
      </code>
      , {refusedBecause(reason, about)}
    </p>
    {onAllow && (
      <Button
        variant="ghost"
        size="sm"
        aria-label={`Allow ${host}`}
        className="-my-1 px-1.5 text-accent hover:text-accent"
        onClick={onAllow}
      >
        Allow…
      </Button>
    )}
  </div>
);
