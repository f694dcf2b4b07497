import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { type Counter, type Gauge, Metrics } from '@saas-codex/service-kit/metrics/metrics';
import type { Response } from 'express';

/** What the gateway tells about what it passes on. */
@Injectable()
export class ProxyMetrics {
  private readonly requests: Counter<'method' | 'status'>;
  private readonly streams: Gauge;

  constructor(metrics: Metrics) {
    this.requests = metrics.counter({
      name: 'proxied_requests_total',
      help: 'Requests that the backend answered',
      labelNames: ['method', 'status'],
    });
    this.streams = metrics.gauge({ name: 'open_streams', help: 'Event streams that pass the gateway now' });
  }

  /** The backend's answer begins to go out. */
  countAnswer(method: string, answer: IncomingMessage, res: Response): void {
    this.requests.inc({ method, status: answer.statusCode ?? 0 });
    if (!String(answer.headers['content-type']).startsWith('text/event-stream')) return;
    this.streams.inc();
    res.once('close', () => this.streams.dec());
  }
}
