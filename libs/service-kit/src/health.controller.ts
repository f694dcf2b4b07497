import { Controller, Get } from '@nestjs/common';
import type { Health } from '@saas-codex/contracts/system';
import { VERSION } from './version.js';

/** `GET /health` of one service: the process is alive. */
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
