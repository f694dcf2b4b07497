import { Controller, Get } from '@nestjs/common';
import type { RunnerHealth } from '@saas-codex/contracts/system';
import { healthController } from '@saas-codex/service-kit/health/health.controllers';
import { Jail } from '../sandbox/jail/jail.js';

/** `GET /health`: the process is alive, and how it isolates agents. */
@Controller('health')
export class RunnerHealthController extends healthController('runner') {
  constructor(private readonly jail: Jail) {
    super();
  }

  @Get()
  override read(): RunnerHealth {
    const { isolation, reason, limits, limitsReason } = this.jail;
    return { ...super.read(), isolation, isolation_reason: reason, limits, limits_reason: limitsReason };
  }
}
