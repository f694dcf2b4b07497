import type { EventData, TerminalEventType } from '@saas-codex/contracts/events';
import type { Usage } from '@saas-codex/contracts/runs';
import type { StopReason } from './active-runs.js';

/** The last event of a run's log. */
export type Ending = { [T in TerminalEventType]: { type: T; data: EventData<T> } }[TerminalEventType];

const MAX_QUOTE = 300;

const STOPPED: Record<
  Extract<StopReason, string>,
  { type: 'run.cancelled' | 'run.failed' | 'run.interrupted'; reason: string }
> = {
  cancelled: { type: 'run.cancelled', reason: 'The run was cancelled. Send a prompt to continue from here.' },
  timeout: {
    type: 'run.failed',
    reason: 'The run took longer than it may (RUN_TIMEOUT_MINUTES). Send a prompt to continue from here.',
  },
  shutdown: {
    type: 'run.interrupted',
    reason: 'The runner working on this was restarted. Send a prompt to continue from here.',
  },
  lost: {
    type: 'run.interrupted',
    reason: 'The runner working on this was lost. Send a prompt to continue from here.',
  },
};

export function stopped(stop: StopReason, usage?: Usage): Ending {
  const { type, reason } =
    typeof stop === 'string' ? STOPPED[stop] : { type: 'run.failed' as const, reason: stop.sentence };
  return { type, data: { reason, ...(usage && { usage }) } };
}

export const succeeded = (usage?: Usage): Ending => ({ type: 'run.succeeded', data: usage ? { usage } : {} });

/** What a failed turn knows about why. */
export interface Failure {
  /** From the model proxy: a sentence that is meant for people. */
  upstream: string | null;
  /** From Codex: its own words. */
  codex: string | null;
  usage?: Usage | undefined;
}

export function failed({ upstream, codex, usage }: Failure): Ending {
  return { type: 'run.failed', data: { reason: upstream ?? explain(codex), ...(usage && { usage }) } };
}

function explain(message: string | null): string {
  if (!message) return 'Codex ended unexpectedly. Send the prompt again.';
  const short = message.replace(/\s+/g, ' ').trim().slice(0, MAX_QUOTE);
  return `Codex could not go on: “${short}”. Send the prompt again, or another one.`;
}
