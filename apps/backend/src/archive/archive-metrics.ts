import { Injectable } from '@nestjs/common';
import { type Counter, Metrics } from '@saas-codex/service-kit/metrics/metrics';
import { SystemDatabase } from '../database/system-database.js';

const OLDEST = `
  SELECT extract(epoch FROM now() - min(ended_at))::float AS age FROM runs
   WHERE ended_at IS NOT NULL AND archived_at IS NULL`;

/** How far the archive is behind, and how much it has taken. */
@Injectable()
export class ArchiveMetrics {
  private readonly events: Counter;

  constructor(metrics: Metrics, system: SystemDatabase) {
    metrics.gauge({
      name: 'archive_lag_seconds',
      help: 'Seconds since the oldest run ended whose events are not in Postgres yet; the same at every backend',
      async collect() {
        const rows = await system.query<{ age: number | null }>(OLDEST);
        this.set(Math.max(0, rows[0]?.age ?? 0));
      },
    });
    this.events = metrics.counter({
      name: 'archived_events_total',
      help: 'Events that this backend has moved to Postgres',
    });
  }

  count(events: number): void {
    this.events.inc(events);
  }
}
