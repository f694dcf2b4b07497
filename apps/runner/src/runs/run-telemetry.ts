import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import { RUN_STATUSES } from '@saas-codex/contracts/runs';
import { type Counter, type Histogram, Metrics, SECONDS } from '@saas-codex/service-kit/metrics/metrics';
import { traceIdOf, Tracing } from '@saas-codex/service-kit/tracing/tracing';
import type { Queue } from 'bullmq';
import { ActiveRuns } from './active-runs.js';
import type { RunOutcome } from './run-outcome.js';
import { type QueuedRun, RUN_QUEUE, type RunJob } from './run-queue.js';

/** Jobs with a priority wait in `prioritized`, others in `waiting`. */
const QUEUE_STATES = ['waiting', 'prioritized', 'delayed', 'active', 'failed'] as const;

type JailOutcome = 'started' | 'failed';

/** Observes one run while this runner works on it. */
export interface RunWatch {
  /** The parent of the run's spans. */
  readonly traceparent: string | null;
  /** @returns to be called when the program in the jail prints its first event, or failed to */
  beginJail(): (outcome: JailOutcome) => void;
  end(outcome: RunOutcome): void;
}

/** Metrics, traces and logs of this runner's runs, and metrics of the queue that all runners share. */
@Injectable()
export class RunTelemetry {
  private readonly logger = new Logger(RunTelemetry.name);
  private readonly durations: Histogram<'kind' | 'outcome'>;
  private readonly jailStarts: Counter<'kind' | 'outcome'>;
  private readonly jailSeconds: Histogram<'kind'>;

  constructor(
    metrics: Metrics,
    private readonly tracing: Tracing,
    @InjectQueue(RUN_QUEUE) queue: Queue<QueuedRun>,
    active: ActiveRuns,
  ) {
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
        this.set(active.count);
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
      help: 'Jails (or sandboxes) that were created, by whether their program started in them',
      labelNames: ['kind', 'outcome'],
    });
    this.jailSeconds = metrics.histogram({
      name: 'jail_start_seconds',
      help: 'From the creation of a jail to the first event of the program in it',
      labelNames: ['kind'],
      buckets: SECONDS.quick,
    });
  }

  /** To be called when this runner has taken the run from the queue. */
  recordQueueWait(job: RunJob, queuedAt: Date): void {
    const parent = job.traceparent ?? null;
    this.tracing
      .beginSpan('queue wait', { parent, startedAt: queuedAt, attributes: attributesOf(job) })
      .end();
  }

  /** To be called when this runner has claimed the run. */
  beginRun(job: RunJob): RunWatch {
    const { kind } = job.input;
    const endTimer = this.durations.startTimer({ kind });
    const span = this.tracing.beginSpan('turn', {
      parent: job.traceparent ?? null,
      attributes: { ...attributesOf(job), kind },
    });
    return {
      traceparent: span.traceparent,
      beginJail: () => this.beginJail(job, span.traceparent),
      end: ({ type }) => {
        const outcome = type.slice('run.'.length);
        endTimer({ outcome });
        span.set({ outcome });
        span.end(outcome === 'failed' || outcome === 'interrupted' ? outcome : undefined);
        this.logger.log({
          message: `run ${outcome}`,
          trace_id: traceIdOf(span.traceparent),
          ...attributesOf(job),
        });
      },
    };
  }

  private beginJail(job: RunJob, parent: string | null): (outcome: JailOutcome) => void {
    const { kind } = job.input;
    const startedAt = performance.now();
    const span = this.tracing.beginSpan('jail start', { parent, attributes: attributesOf(job) });
    return (outcome) => {
      this.jailStarts.inc({ kind, outcome });
      if (outcome === 'started') this.jailSeconds.observe({ kind }, (performance.now() - startedAt) / 1_000);
      span.end(outcome === 'failed' ? outcome : undefined);
    };
  }
}

const attributesOf = ({ owner: { runId, sessionId, tenantId } }: RunJob) => ({
  run_id: runId,
  session_id: sessionId,
  tenant_id: tenantId,
});
