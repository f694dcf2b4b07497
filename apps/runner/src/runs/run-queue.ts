import type { ApprovalMode } from '@saas-codex/contracts/approval-questions';
import type { Network } from '@saas-codex/contracts/network';
import { type RunInput, toRunInput } from '@saas-codex/contracts/runs';
import type { RunLogOwner } from '@saas-codex/event-log/run-log/run-log-entry';
import type { JobsOptions } from 'bullmq';

/** Name of the BullMQ queue. Its keys start with REDIS_KEYS.queuePrefix. */
export const RUN_QUEUE = 'runs';

/** All that a runner needs to find the rest. The id of the job is that of the run. */
export interface RunJob {
  owner: RunLogOwner;
  input: RunInput;
  network: Network;
  /** Whether Codex starts what the repository's `.codex` folder names. Left out by the version that did not know it: no. */
  trustRepository?: boolean;
  /** When Codex asks a person. Left out by the version that did not know it: never. */
  approvalMode?: ApprovalMode;
  /** Whether each model call is reserved at the backend. Left out: the run was started by a version that did not, or by hand. */
  metered?: boolean;
  /** Git tree of the workspace before the run. */
  checkpoint: string | null;
  /** The run's secrets, sealed for it (libs/service-kit `run-grant.ts`). Left out: it has none. */
  grant?: string | undefined;
  /** What the platform says before the prompt. Left out: nothing. */
  note?: string | undefined;
  /** W3C traceparent of the request that handed the run over; left out: it is not traced. */
  traceparent?: string | undefined;
}

/** A job as the version before `input` queued it: `prompt` is the prompt, or the script of a setup. */
interface JobWithoutInput extends Omit<RunJob, 'input'> {
  kind: 'prompt' | 'setup';
  prompt: string;
}

/** A job's data as it may be in the queue: jobs may wait while runners are upgraded. */
export type QueuedRun = RunJob | JobWithoutInput;

export function toRunJob(data: QueuedRun): RunJob {
  if ('input' in data) return data;
  const { kind, prompt, ...job } = data;
  return { ...job, input: toRunInput(kind, prompt) };
}

/** An ended job without what may be long: all that is asked of it is which run it was. */
export const withoutInput = (run: RunJob): RunJob => ({
  ...run,
  grant: undefined,
  note: undefined,
  input: emptied(run.input),
  network: { mode: 'off' },
});

function emptied(input: RunInput): RunInput {
  switch (input.kind) {
    case 'prompt':
    case 'setup':
      return toRunInput(input.kind, '');
    case 'review':
      return { kind: input.kind, target: { type: 'changes' } };
    case 'compact':
      return { kind: input.kind };
    case 'check':
      return { kind: input.kind, checks: [] };
    case 'edit':
      return { kind: input.kind, summary: '-', change: input.change };
    case 'proposal':
      return { kind: input.kind, change: input.change };
  }
}

const DAY_SECONDS = 24 * 60 * 60;

/**
 * A run is tried once. An ended job is kept for a while so that a repeated `POST /runs` finds it. After that, the run's log
 * refuses a second start.
 */
export const RUN_JOB_OPTIONS: JobsOptions = {
  attempts: 1,
  removeOnComplete: { age: DAY_SECONDS, count: 1_000 },
  removeOnFail: { age: DAY_SECONDS, count: 1_000 },
};

/**
 * How a lost runner is noticed. The locks of its jobs expire after `lockDuration`; the second of two checks, `stalledInterval`
 * apart, that finds a job without a lock reports it as stalled. That takes at most 12 + 2 × 5 = 22 s. A runner on an overloaded
 * machine may stand still for `lockDuration - lockRenewTime` = 10 s before its runs count as lost.
 */
export const LOST_RUNNER = {
  lockDuration: 12_000,
  lockRenewTime: 2_000,
  stalledInterval: 5_000,
  maxStalledCount: 0,
};
