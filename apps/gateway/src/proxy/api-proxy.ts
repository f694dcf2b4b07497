import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { Request, Response } from 'express';
import { passThrough } from './pass-through.js';
import { ProxyMetrics } from './proxy-metrics.js';
import { Upstream } from './upstream.js';

/** Everything below /api goes to the backend, which alone decides who the caller is and what is there. */
@Injectable()
export class ApiProxy implements NestMiddleware {
  constructor(
    private readonly upstream: Upstream,
    private readonly metrics: ProxyMetrics,
  ) {}

  async use(req: Request, res: Response): Promise<void> {
    await passThrough(this.upstream, req, res, (answer) => this.metrics.countAnswer(req.method, answer, res));
  }
}
