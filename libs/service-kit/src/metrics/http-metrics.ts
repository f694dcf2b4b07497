import { Injectable } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import { routeOf } from '../http-routes.js';
import { ProblemError } from '../problem.js';
import { sendProblem } from '../problem.filter.js';
import { sameSecretAs } from '../secret.js';
import { type Histogram, Metrics, SECONDS } from './metrics.js';

/** Measures an app's requests and serves its metrics to Prometheus. */
@Injectable()
export class HttpMetrics {
  private readonly durations: Histogram<'method' | 'route' | 'status'>;

  constructor(private readonly metrics: Metrics) {
    this.durations = metrics.histogram({
      name: 'http_request_duration_seconds',
      help: 'From the request to the end of its response, without event streams',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS.quick,
    });
  }

  /** Middleware for every request. */
  get measureRequests(): RequestHandler {
    return (req, res, next) => {
      if (this.metrics.enabled) this.measure(req, res);
      next();
    };
  }

  /** Handler of `/metrics`. */
  get serveMetrics(): RequestHandler {
    const { token } = this.metrics;
    const isGranted = token === undefined ? null : sameSecretAs(`Bearer ${token}`);
    return async (req, res) => {
      if (isGranted === null) return sendProblem(req, res, NOT_SERVED);
      if (!isGranted(req.headers.authorization ?? '')) return sendProblem(req, res, REFUSED);
      await this.sendMetrics(res);
    };
  }

  private async sendMetrics(res: Response): Promise<void> {
    const text = await this.metrics.read();
    res.set({ 'content-type': this.metrics.contentType, 'cache-control': 'no-store' }).end(text);
  }

  private measure(req: Request, res: Response): void {
    const startedAt = performance.now();
    res.once('close', () => {
      if (isStream(res)) return;
      const labels = { method: req.method, route: routeOf(req), status: res.statusCode };
      this.durations.observe(labels, (performance.now() - startedAt) / 1_000);
    });
  }
}

const isStream = (res: Response) => String(res.getHeader('content-type')).startsWith('text/event-stream');

const NOT_SERVED = new ProblemError('not_found', 'Metrics are off. Set METRICS_TOKEN to turn them on.');
const REFUSED = new ProblemError('unauthenticated', 'Send METRICS_TOKEN as a bearer token.', {
  headers: { 'www-authenticate': 'Bearer realm="metrics"' },
});
