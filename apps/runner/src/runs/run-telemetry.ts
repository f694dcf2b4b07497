import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import { RUN_STATUSES } from '@saas-codex/contracts/runs';
import { type Counter, type Histogram, Metrics, SECONDS } from '@saas-codex/service-kit/metrics/metrics';
import { traceIdOf, Tracing } from '@saas-codex/service-kit/tracing/tracing';
import type { Job, Queue } from 'bullmq';
import { ActiveRuns } from './active-runs.js';
import type { Ending } from './ending.js';
import { type QueuedRun, RUN_QUEUE, type RunJob } from './run-queue.js';

/** What is worked next comes from `prioritized`; a job that was added without a priority waits in `waiting`. */
const QUEUE_STATES = ['waiting', 'prioritized', 'delayed', 'active', 'failed'] as const;

type JailOutcome = 'started' | 'failed';

/** What is told about one run while this runner works on it. */
export interface RunWatch {
  /** For what belongs to the run in traces. */
  readonly traceparent: string | null;
  /** @returns to be called when what is jailed gives its first sign of life, or will not */
  beginJail(): (outcome: JailOutcome) => void;
  end(ending: Ending): void;
}

/** Metrics, traces and logs of a runner's runs, and of the queue that all runners share. */
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

  /** A runner has taken the run from the queue. */
  taken({ data, timestamp }: Job<QueuedRun>): void {
    const startedAt = new Date(timestamp);
    this.tracing
      .begin('queue wait', { parent: data.traceparent ?? null, startedAt, attributes: of(data) })
      .end();
  }

  /** The run is this runner's from now on. */
  begin(job: RunJob): RunWatch {
    const { kind } = job.input;
    const endTimer = this.durations.startTimer({ kind });
    const span = this.tracing.begin('turn', {
      parent: job.traceparent ?? null,
      attributes: { ...of(job), kind },
    });
    return {
      traceparent: span.traceparent,
      beginJail: () => this.beginJail(job, span.traceparent),
      end: ({ type }) => {
        const outcome = type.slice('run.'.length);
        endTimer({ outcome });
        span.set({ outcome });
        span.end(outcome === 'failed' || outcome === 'interrupted' ? outcome : undefined);
        this.logger.log({ message: `run ${outcome}`, trace_id: traceIdOf(span.traceparent), ...of(job) });
      },
    };
  }

  private beginJail(job: RunJob, parent: string | null): (outcome: JailOutcome) => void {
    const { kind } = job.input;
    const startedAt = performance.now();
    const span = this.tracing.begin('jail start', { parent, attributes: of(job) });
    return (outcome) => {
      this.jailStarts.inc({ kind, outcome });
      if (outcome === 'started') this.jailSeconds.observe({ kind }, (performance.now() - startedAt) / 1_000);
      span.end(outcome === 'failed' ? outcome : undefined);
    };
  }
}

const of = ({ owner: { runId, sessionId, tenantId } }: QueuedRun) => ({
  run_id: runId,
  session_id: sessionId,
  tenant_id: tenantId,
});
