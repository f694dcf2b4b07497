import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { type Counter, type Gauge, Metrics } from '@saas-codex/service-kit/metrics/metrics';
import type { Response } from 'express';
import { isEventStream } from './headers.js';

/** Metrics of forwarded requests. */
@Injectable()
export class ProxyMetrics {
  private readonly requests: Counter<'method' | 'status'>;
  private readonly streams: Gauge;

  constructor(metrics: Metrics) {
    this.requests = metrics.counter({
      name: 'proxied_requests_total',
      help: 'Requests to which the backend responded',
      labelNames: ['method', 'status'],
    });
    this.streams = metrics.gauge({
      name: 'open_streams',
      help: 'Event streams that the gateway forwards now',
    });
  }

  /** Called when the response begins. */
  countResponse(method: string, response: IncomingMessage, res: Response): void {
    this.requests.inc({ method, status: response.statusCode ?? 0 });
    if (!isEventStream(response)) return;
    this.streams.inc();
    res.once('close', () => this.streams.dec());
  }
}
