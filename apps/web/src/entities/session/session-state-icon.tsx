import { Archive, CircleAlert } from 'lucide-react';
import { Spinner } from '../../shared/ui/spinner.js';
import type { SessionState } from './session-state.js';

const STATE_LABELS: Record<SessionState, string> = {
  'setting-up': 'Setting up',
  running: 'Working',
  'at-limit': 'Waits at a limit',
  asks: 'Waits for an answer',
  queued: 'Queued',
  held: 'Waiting for the setup',
  'queue-held': 'Queue on hold',
  failed: 'Not set up',
  'run-failed': 'The last prompt failed',
  archived: 'Archived',
  news: 'Finished since you last looked',
  idle: 'Idle',
  unknown: 'In another state',
};

/** The state as a small icon, 14 px square. */
export function SessionStateIcon({ state }: { state: SessionState }) {
  const label = STATE_LABELS[state];
  switch (state) {
    case 'setting-up':
      return <Spinner label={label} className="size-3.5 text-muted-foreground" />;
    case 'running':
      return <Spinner label={label} className="size-3.5 text-accent" />;
    case 'held':
    case 'at-limit':
    case 'asks':
      return <CircleAlert role="img" aria-label={label} className="size-3.5 text-warning" />;
    case 'failed':
    case 'run-failed':
      return <CircleAlert role="img" aria-label={label} className="size-3.5 text-destructive" />;
    case 'archived':
      return <Archive role="img" aria-label={label} className="size-3.5 text-subtle-foreground" />;
    case 'queued':
    case 'queue-held':
      return <Dot label={label} className="bg-warning" />;
    case 'news':
      return <Dot label={label} className="bg-accent" />;
    case 'idle':
    case 'unknown':
      return <Dot label={label} className="border border-subtle-foreground/60" />;
  }
}

const Dot = ({ label, className }: { label: string; className: string }) => (
  <span role="img" aria-label={label} className="flex size-3.5 items-center justify-center">
    <span className={`size-1.5 rounded-full ${className}`} />
  </span>
);
