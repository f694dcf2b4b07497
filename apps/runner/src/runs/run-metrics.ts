import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import { RUN_STATUSES, type RunKind } from '@saas-codex/contracts/runs';
import { type Counter, type Histogram, Metrics, SECONDS } from '@saas-codex/platform/metrics/metrics';
import type { Queue } from 'bullmq';
import { ActiveRuns } from './active-runs.js';
import type { Ending } from './ending.js';
import { RUN_QUEUE, type RunJob } from './run-queue.js';

/** What is worked next comes from `prioritized`; a job that was added without a priority waits in `waiting`. */
const QUEUE_STATES = ['waiting', 'prioritized', 'delayed', 'active', 'failed'] as const;

/** What a runner tells about its runs, and about the queue that all runners share. */
@Injectable()
export class RunMetrics {
  private readonly durations: Histogram<'kind' | 'outcome'>;
  private readonly jailStarts: Counter<'kind' | 'outcome'>;
  private readonly jailSeconds: Histogram<'kind'>;

  constructor(metrics: Metrics, @InjectQueue(RUN_QUEUE) queue: Queue<RunJob>, active: ActiveRuns) {
    metrics.gauge({
      name: 'queue_runs',
      help: 'Runs in the queue of all runners, by state',
      labelNames: ['state'],
      async collect() {
        const counts = await queue.getJobCounts(...QUEUE_STATES);
        for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
      },
    });
    metrics.gauge({
      name: 'runs_active',
      help: 'Runs that this runner works on',
      collect() {
        this.set(active.ids.length);
      },
    });
    this.durations = metrics.histogram({
      name: 'run_duration_seconds',
      help: `From a run's claim to its end (${RUN_STATUSES.slice(2).join(', ')})`,
      labelNames: ['kind', 'outcome'],
      buckets: SECONDS.long,
    });
    this.jailStarts = metrics.counter({
      name: 'jail_starts_total',
      help: 'Jails (or sandboxes) that were made, by whether what they were made for started in them',
      labelNames: ['kind', 'outcome'],
    });
    this.jailSeconds = metrics.histogram({
      name: 'jail_start_seconds',
      help: 'From the making of a jail to the first event of what runs in it',
      labelNames: ['kind'],
      buckets: SECONDS.quick,
    });
  }

  /** @returns to be called when the run has ended */
  beginRun(kind: RunKind): (ending: Ending) => void {
    const end = this.durations.startTimer({ kind });
    return ({ type }) => void end({ outcome: type.slice('run.'.length) });
  }

  /** @returns to be called when what is jailed gives its first sign of life, or will not */
  beginJail(kind: RunKind): (outcome: 'started' | 'failed') => void {
    const startedAt = performance.now();
    return (outcome) => {
      this.jailStarts.inc({ kind, outcome });
      if (outcome === 'started') this.jailSeconds.observe({ kind }, (performance.now() - startedAt) / 1_000);
    };
  }
}
