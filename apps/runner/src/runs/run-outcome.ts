import type { EventData, RunFailureCode, Stopped, TerminalEventType } from '@saas-codex/contracts/events';
import type { ContextUsage, RunKind, Usage } from '@saas-codex/contracts/runs';
import type { StopReason } from './active-runs.js';

/** The last event of a run's log. */
export type RunOutcome = { [T in TerminalEventType]: { type: T; data: EventData<T> } }[TerminalEventType];

const MAX_QUOTE = 300;

/** The words for each kind of run. */
const WORDS: Record<
  RunKind,
  { run: string; setting: string; goOn: string; cancelled: string; silent: string; again: string }
> = {
  prompt: {
    run: 'The run',
    setting: 'RUN_TIMEOUT_MINUTES',
    goOn: 'Send a prompt to continue from here.',
    cancelled: 'Send a prompt to continue from here.',
    silent: 'Codex ended unexpectedly. Send the prompt again.',
    again: 'Send the prompt again, or another one.',
  },
  setup: {
    run: 'The setup',
    setting: 'SETUP_TIMEOUT_MINUTES',
    goOn: 'Run the setup again.',
    cancelled: 'Run it again, or go on without it.',
    silent: 'The setup could not be run. Run it again; if that fails too, ask your operator.',
    again: 'Run the setup again.',
  },
  review: {
    run: 'The review',
    setting: 'RUN_TIMEOUT_MINUTES',
    goOn: 'Start the review again.',
    cancelled: 'Nothing was changed.',
    silent: 'Codex ended unexpectedly. Start the review again.',
    again: 'Start the review again.',
  },
  compact: {
    run: 'The compaction',
    setting: 'RUN_TIMEOUT_MINUTES',
    goOn: 'Compact the conversation again.',
    cancelled: 'The conversation is as it was.',
    silent: 'Codex ended unexpectedly. Compact the conversation again.',
    again: 'Compact the conversation again.',
  },
  check: {
    run: 'The run of the checks',
    setting: 'RUN_TIMEOUT_MINUTES',
    goOn: 'Nothing is proven. Run the checks again.',
    cancelled: 'Nothing is proven.',
    silent: 'The checks could not be run. Run them again; if that fails too, ask your operator.',
    again: 'Run the checks again.',
  },
  edit: {
    run: 'The edit',
    setting: 'RUN_TIMEOUT_MINUTES',
    goOn: 'The files are put back as they were. Make the change again.',
    cancelled: 'The files are put back as they were.',
    silent: 'The files could not be changed. Try again; if that fails too, ask your operator.',
    again: 'Make the change again.',
  },
  proposal: {
    run: 'The proposal',
    setting: 'RUN_TIMEOUT_MINUTES',
    goOn: 'Ask for a proposal again, or write the message yourself.',
    cancelled: 'Nothing was changed.',
    silent: 'Codex ended unexpectedly. Ask for a proposal again, or write the message yourself.',
    again: 'Ask for a proposal again, or write the message yourself.',
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

/** What a run's end says in any case, as far as it is known. */
export interface RunTotals {
  usage?: Usage | undefined;
  /** Of its conversation. */
  context?: ContextUsage | undefined;
}

const known = ({ usage, context }: RunTotals) => ({ ...(usage && { usage }), ...(context && { context }) });

interface StoppedRun extends RunTotals {
  stopped?: Stopped | null;
}

export function stoppedOutcome(
  stop: StopReason,
  kind: RunKind,
  { stopped, ...totals }: StoppedRun = {},
): RunOutcome {
  const isLimit = typeof stop !== 'string';
  const type = isLimit ? 'run.failed' : STOPPED[stop];
  const reason = isLimit ? stop.sentence : REASONS[stop](WORDS[kind]);
  return { type, data: { reason, ...known(totals), ...(stopped && { stopped }) } };
}

export const succeededOutcome = (totals: RunTotals): RunOutcome => ({
  type: 'run.succeeded',
  data: known(totals),
});

/** What is known about why a run failed. */
interface Failure extends RunTotals {
  /** A sentence meant for people, from the model proxy or a setup. */
  sentence?: string | null;
  /** Codex's own message. */
  codex?: string | null;
  code?: RunFailureCode | undefined;
}

export function failedOutcome(kind: RunKind, { sentence, codex, code, ...totals }: Failure): RunOutcome {
  const { silent, again } = WORDS[kind];
  const reason = sentence ?? (codex ? quoteCodex(codex, again) : silent);
  return { type: 'run.failed', data: { reason, ...known(totals), ...(code && { code }) } };
}

function quoteCodex(message: string, again: string): string {
  const quote = message.replace(/\s+/g, ' ').trim().slice(0, MAX_QUOTE);
  return `Codex could not go on: “${quote}”. ${again}`;
}
