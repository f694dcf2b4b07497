import type { Session } from '@saas-codex/contracts/sessions';
import { Archive, CircleAlert } from 'lucide-react';
import { Spinner } from '../../shared/ui/spinner.js';
import { setupState } from '../environment/setup-state.js';
import { useUnseen } from './seen.js';

/** A session as a person sees it: its status, and what its runs are doing. */
export type SessionState =
  'setting-up' | 'running' | 'queued' | 'held' | 'failed' | 'archived' | 'news' | 'idle';

export function sessionState(session: Session): SessionState {
  if (session.status === 'provisioning') return 'setting-up';
  if (session.status === 'failed') return 'failed';
  if (session.status === 'archived') return 'archived';
  if (session.active_run_id) return 'running';
  if (setupState(session) === 'held') return 'held';
  return session.queued_runs > 0 ? 'queued' : 'idle';
}

/** The same, and whether there is something new to read in it. */
export function useSessionState(session: Session): SessionState {
  const unseen = useUnseen(session);
  const state = sessionState(session);
  return state === 'idle' && unseen ? 'news' : state;
}

const STATE_LABELS: Record<SessionState, string> = {
  'setting-up': 'Setting up',
  running: 'Working',
  queued: 'Queued',
  held: 'Waiting for its setup',
  failed: 'Not set up',
  archived: 'Archived',
  news: 'Finished since you last looked',
  idle: 'Idle',
};

/** The state as one small sign, 14 px square. */
export function SessionStateIcon({ state }: { state: SessionState }) {
  const label = STATE_LABELS[state];
  switch (state) {
    case 'setting-up':
      return <Spinner label={label} className="size-3.5 text-muted-foreground" />;
    case 'running':
      return <Spinner label={label} className="size-3.5 text-accent" />;
    case 'held':
      return <CircleAlert role="img" aria-label={label} className="size-3.5 text-warning" />;
    case 'failed':
      return <CircleAlert role="img" aria-label={label} className="size-3.5 text-destructive" />;
    case 'archived':
      return <Archive role="img" aria-label={label} className="size-3.5 text-subtle-foreground" />;
    case 'queued':
      return <Dot label={label} className="bg-warning" />;
    case 'news':
      return <Dot label={label} className="bg-accent" />;
    case 'idle':
      return <Dot label={label} className="border border-subtle-foreground/60" />;
  }
}

const Dot = ({ label, className }: { label: string; className: string }) => (
  <span role="img" aria-label={label} className="flex size-3.5 items-center justify-center">
    <span className={`size-1.5 rounded-full ${className}`} />
  </span>
);
