import { Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { type Histogram, Metrics, SECONDS } from '@saas-codex/service-kit/metrics/metrics';

/** What is told about the making of workspaces. */
@Injectable()
export class CloneMetrics {
  private readonly durations: Histogram<'outcome'>;

  constructor(metrics: Metrics) {
    this.durations = metrics.histogram({
      name: 'clone_duration_seconds',
      help: 'Making a workspace: fetching into the mirror, checking out. outcome: made, or why not',
      labelNames: ['outcome'],
      buckets: SECONDS.long.concat(0.1, 0.25).toSorted((a, b) => a - b),
    });
  }

  /** @returns to be called with what it threw, or with null */
  begin(): (error: unknown) => void {
    const end = this.durations.startTimer();
    return (error) =>
      void end({
        outcome: error === null ? 'made' : error instanceof ProblemError ? error.code : 'broken_off',
      });
  }
}
