import type { EventData, TerminalEventType } from '@saas-codex/contracts/events';
import type { RunKind, Usage } from '@saas-codex/contracts/runs';
import type { StopReason } from './active-runs.js';

/** The last event of a run's log. */
export type Ending = { [T in TerminalEventType]: { type: T; data: EventData<T> } }[TerminalEventType];

const MAX_QUOTE = 300;

/** How a person is told of each kind of run. */
const WORDS: Record<
  RunKind,
  { run: string; setting: string; goOn: string; cancelled: string; silent: string }
> = {
  prompt: {
    run: 'The run',
    setting: 'RUN_TIMEOUT_MINUTES',
    goOn: 'Send a prompt to continue from here.',
    cancelled: 'Send a prompt to continue from here.',
    silent: 'Codex ended unexpectedly. Send the prompt again.',
  },
  setup: {
    run: 'The setup',
    setting: 'SETUP_TIMEOUT_MINUTES',
    goOn: 'Run the setup again.',
    cancelled: 'Run it again, or go on without it.',
    silent: 'The setup could not be run. Run it again; if that fails too, ask your operator.',
  },
};

const STOPPED = {
  cancelled: 'run.cancelled',
  timeout: 'run.failed',
  shutdown: 'run.interrupted',
  lost: 'run.interrupted',
} as const satisfies Record<Extract<StopReason, string>, TerminalEventType>;

const REASONS: Record<keyof typeof STOPPED, (words: (typeof WORDS)[RunKind]) => string> = {
  cancelled: ({ run, cancelled }) => `${run} was cancelled. ${cancelled}`,
  timeout: ({ run, setting, goOn }) => `${run} took longer than it may (${setting}). ${goOn}`,
  shutdown: ({ goOn }) => `The runner working on this was restarted. ${goOn}`,
  lost: ({ goOn }) => `The runner working on this was lost. ${goOn}`,
};

export function stopped(stop: StopReason, kind: RunKind, usage?: Usage): Ending {
  const isLimit = typeof stop !== 'string';
  const type = isLimit ? 'run.failed' : STOPPED[stop];
  const reason = isLimit ? stop.sentence : REASONS[stop](WORDS[kind]);
  return { type, data: { reason, ...(usage && { usage }) } };
}

export const succeeded = (usage?: Usage): Ending => ({ type: 'run.succeeded', data: usage ? { usage } : {} });

/** What a failed run knows about why. */
export interface Failure {
  /** A sentence that is meant for people: of the model proxy, or of a setup. */
  sentence?: string | null;
  /** From Codex: its own words. */
  codex?: string | null;
  usage?: Usage | undefined;
}

export function failed(kind: RunKind, { sentence, codex, usage }: Failure): Ending {
  const reason = sentence ?? (codex ? explain(codex) : WORDS[kind].silent);
  return { type: 'run.failed', data: { reason, ...(usage && { usage }) } };
}

function explain(message: string): string {
  const short = message.replace(/\s+/g, ' ').trim().slice(0, MAX_QUOTE);
  return `Codex could not go on: “${short}”. Send the prompt again, or another one.`;
}
