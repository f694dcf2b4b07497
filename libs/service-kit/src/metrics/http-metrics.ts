import { Injectable } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import { routeOf } from '../http-route.js';
import { ProblemError } from '../problem.js';
import { sendProblem } from '../problem.filter.js';
import { sameSecretAs } from '../secret.js';
import { type Histogram, Metrics, SECONDS } from './metrics.js';

/** Measures an app's requests, and answers Prometheus. */
@Injectable()
export class HttpMetrics {
  private readonly durations: Histogram<'method' | 'route' | 'status'>;

  constructor(private readonly metrics: Metrics) {
    this.durations = metrics.histogram({
      name: 'http_request_duration_seconds',
      help: 'From the request to the end of its answer; event streams are not among them',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS.quick,
    });
  }

  /** For every request. */
  get measuring(): RequestHandler {
    return (req, res, next) => {
      if (this.metrics.enabled) this.measure(req, res);
      next();
    };
  }

  /** For `/metrics`. */
  get answering(): RequestHandler {
    const { token } = this.metrics;
    const isGranted = token === undefined ? null : sameSecretAs(`Bearer ${token}`);
    return async (req, res) => {
      if (isGranted === null) return sendProblem(req, res, NOT_SERVED);
      if (!isGranted(req.headers.authorization ?? '')) return sendProblem(req, res, REFUSED);
      await this.answer(res);
    };
  }

  private async answer(res: Response): Promise<void> {
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

const NOT_SERVED = new ProblemError('not_found', 'Metrics are served when METRICS_TOKEN is set.');
const REFUSED = new ProblemError('unauthenticated', 'Send METRICS_TOKEN as a bearer token.', {
  headers: { 'www-authenticate': 'Bearer realm="metrics"' },
});
