import { Controller, Get } from '@nestjs/common';
import type { Health } from '@saas-codex/contracts/system';

/** `GET /health` of one service: the process is alive. */
export function healthController(service: string, version: string) {
  @Controller('health')
  class HealthController {
    @Get()
    read(): Health {
      return { status: 'ok', service, version };
    }
  }
  return HealthController;
}
