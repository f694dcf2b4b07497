import { Injectable } from '@nestjs/common';
import type { RunKind, RunStatus } from '@saas-codex/contracts/runs';
import { type Counter, Metrics } from '@saas-codex/service-kit/metrics/metrics';
import { SystemDatabase } from '../database/system-database.js';

const OPEN_BY_STATUS = `
  SELECT status, count(*)::int AS count FROM runs WHERE status IN ('queued', 'running', 'waiting') GROUP BY status`;

/** The backend's metrics of runs: how many are open, and how the others ended. */
@Injectable()
export class RunMetrics {
  private readonly ended: Counter<'kind' | 'status'>;

  constructor(metrics: Metrics, system: SystemDatabase) {
    metrics.gauge({
      name: 'runs',
      help: 'Open runs of all tenants; every backend reports the same number',
      labelNames: ['status'],
      async collect() {
        const rows = await system.query<{ status: string; count: number }>(OPEN_BY_STATUS);
        this.set({ status: 'queued' }, 0);
        this.set({ status: 'running' }, 0);
        this.set({ status: 'waiting' }, 0);
        for (const { status, count } of rows) this.set({ status }, count);
      },
    });
    this.ended = metrics.counter({
      name: 'runs_ended_total',
      help: 'Runs whose end this backend recorded',
      labelNames: ['kind', 'status'],
    });
  }

  countEnd(kind: RunKind, status: RunStatus): void {
    this.ended.inc({ kind, status });
  }
}
