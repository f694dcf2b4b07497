import type { EventData, RunFailureCode, Stopped, TerminalEventType } from '@saas-codex/contracts/events';
import type { RunKind, Usage } from '@saas-codex/contracts/runs';
import type { StopReason } from './active-runs.js';

/** The last event of a run's log. */
export type RunOutcome = { [T in TerminalEventType]: { type: T; data: EventData<T> } }[TerminalEventType];

const MAX_QUOTE = 300;

/** The words for each kind of run. */
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

/** What is known about a run that was stopped. */
interface StoppedRun {
  usage?: Usage | undefined;
  stopped?: Stopped | null;
}

export function stoppedOutcome(
  stop: StopReason,
  kind: RunKind,
  { usage, stopped }: StoppedRun = {},
): RunOutcome {
  const isLimit = typeof stop !== 'string';
  const type = isLimit ? 'run.failed' : STOPPED[stop];
  const reason = isLimit ? stop.sentence : REASONS[stop](WORDS[kind]);
  return { type, data: { reason, ...(usage && { usage }), ...(stopped && { stopped }) } };
}

export const succeededOutcome = (usage?: Usage): RunOutcome => ({
  type: 'run.succeeded',
  data: usage ? { usage } : {},
});

/** What is known about why a run failed. */
export interface Failure {
  /** A sentence meant for people, from the model proxy or a setup. */
  sentence?: string | null;
  /** Codex's own message. */
  codex?: string | null;
  usage?: Usage | undefined;
  code?: RunFailureCode | undefined;
}

export function failedOutcome(kind: RunKind, { sentence, codex, usage, code }: Failure): RunOutcome {
  const reason = sentence ?? (codex ? quoteCodex(codex) : WORDS[kind].silent);
  return { type: 'run.failed', data: { reason, ...(usage && { usage }), ...(code && { code }) } };
}

function quoteCodex(message: string): string {
  const quote = message.replace(/\s+/g, ' ').trim().slice(0, MAX_QUOTE);
  return `Codex could not go on: “${quote}”. Send the prompt again, or another one.`;
}
