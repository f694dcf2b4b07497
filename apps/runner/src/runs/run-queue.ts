import type { Network } from '@saas-codex/contracts/network';
import { toRunInput, type RunInput, type RunKind } from '@saas-codex/contracts/runs';
import type { RunLogOwner } from '@saas-codex/event-log/run-log/run-event-entry';
import type { JobsOptions } from 'bullmq';

/** Name of the BullMQ queue; its keys start with REDIS_KEYS.queuePrefix. */
export const RUN_QUEUE = 'runs';

/** All that a runner needs to execute a run. The id of its BullMQ job is the run's id. */
export interface RunJob {
  owner: RunLogOwner;
  input: RunInput;
  network: Network;
  /** Git tree of the workspace before the run. */
  checkpoint: string | null;
  /** W3C traceparent of the dispatch; left out: the run is not traced. */
  traceparent?: string | undefined;
}

/** A job that a runner queued before `input` existed: `prompt` is the prompt, or the script of a setup. */
interface JobWithoutInput extends Omit<RunJob, 'input'> {
  kind: RunKind;
  prompt: string;
}

/** A job's data as it may be in the queue. */
export type QueuedRun = RunJob | JobWithoutInput;

export function toRunJob(data: QueuedRun): RunJob {
  if ('input' in data) return data;
  const { kind, prompt, ...job } = data;
  return { ...job, input: toRunInput(kind, prompt) };
}

const DAY_SECONDS = 24 * 60 * 60;

/**
 * A run is tried once. An ended job is kept for a while so that a repeated `POST /runs` finds it. Even without it, the run's
 * log would refuse a second start.
 */
export const RUN_JOB_OPTIONS: JobsOptions = {
  attempts: 1,
  removeOnComplete: { age: DAY_SECONDS, count: 1_000 },
  removeOnFail: { age: DAY_SECONDS, count: 1_000 },
};

/**
 * How a lost runner is noticed: its jobs' locks run out after LOCK, and the second of two checks, CHECK apart, that
 * finds a job without a lock takes it as lost. That is at most LOCK + 2 × CHECK = 22 s. A runner on a machine that is too busy
 * may stand still for LOCK - RENEW = 10 s and is not taken for lost.
 */
export const LOST_RUNNER = {
  lockDuration: 12_000,
  lockRenewTime: 2_000,
  stalledInterval: 5_000,
  maxStalledCount: 0,
};
