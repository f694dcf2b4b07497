import { Controller, Get, Res } from '@nestjs/common';
import type { Readiness } from '@saas-codex/contracts/system';
import type { Response } from 'express';
import { ReadinessChecks } from './readiness.js';

/**
 * `GET /ready` of one service: it can do its work, or what is missing for that. The service provides `ReadinessChecks`.
 * Unlike `/health` it goes by the dependencies: traffic is kept from a service that is not ready, but starting it again
 * would mend nothing.
 */
export function readinessController(service: string) {
  @Controller('ready')
  class ReadinessController {
    constructor(readonly checks: ReadinessChecks) {}

    @Get()
    async read(@Res({ passthrough: true }) res: Response): Promise<Readiness> {
      const checks = await this.checks.results();
      const ready = checks.every((check) => check.ready);
      res.status(ready ? 200 : 503);
      return { status: ready ? 'ready' : 'not_ready', service, checks };
    }
  }
  return ReadinessController;
}
