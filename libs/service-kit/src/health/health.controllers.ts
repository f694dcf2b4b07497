import { Controller, Get, Res } from '@nestjs/common';
import type { Health, Readiness } from '@saas-codex/contracts/system';
import type { Response } from 'express';
import { VERSION } from '../version.js';
import { ReadinessChecks } from './readiness.js';

/** `GET /health` of a service: 200 while the process is alive. */
export function healthController(service: string) {
  @Controller('health')
  class HealthController {
    @Get()
    read(): Health {
      return { status: 'ok', service, version: VERSION };
    }
  }
  return HealthController;
}

/**
 * `GET /ready` of a service: 200 when it can do its work, otherwise 503 with what is missing. The service provides
 * `ReadinessChecks`. Unlike `/health` it checks the dependencies. A service that is not ready should get no traffic, but a
 * restart would not help.
 */
export function readinessController(service: string) {
  @Controller('ready')
  class ReadinessController {
    constructor(readonly checks: ReadinessChecks) {}

    @Get()
    async read(@Res({ passthrough: true }) res: Response): Promise<Readiness> {
      const checks = await this.checks.runAll();
      const ready = checks.every((check) => check.ready);
      res.status(ready ? 200 : 503);
      return { status: ready ? 'ready' : 'not_ready', service, checks };
    }
  }
  return ReadinessController;
}
