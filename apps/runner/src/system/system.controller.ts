import { createRequire } from 'node:module';
import { Controller, Get, Inject } from '@nestjs/common';
import type { SystemInfo } from '@saas-codex/contracts/system';
import { CONFIG, type Config } from '../config.js';
import { Engines } from '../engine/engines.js';
import { Jail } from '../sandbox/jail/jail.js';
import { RunQueueService } from '../runs/run-queue.service.js';
import { ModelProxy } from '../model-proxy/model-proxy.service.js';

const require = createRequire(import.meta.url);
const { version: codexVersion } = require('@openai/codex/package.json') as { version: string };

@Controller('system')
export class SystemController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly modelProxy: ModelProxy,
    private readonly engines: Engines,
    private readonly jail: Jail,
    private readonly queue: RunQueueService,
  ) {}

  @Get()
  async read(): Promise<SystemInfo> {
    return {
      engine: this.config.ENGINE,
      capabilities: this.engines.capabilities,
      codex_version: codexVersion,
      model_source: this.modelProxy.source,
      default_model: this.config.CODEX_MODEL ?? null,
      isolation: this.jail.isolation,
      isolation_reason: this.jail.reason,
      limits: this.jail.limits,
      limits_reason: this.jail.limitsReason,
      max_concurrent_runs: this.config.MAX_CONCURRENT_RUNS,
      total_concurrent_runs: (await this.queue.countRunners()) * this.config.MAX_CONCURRENT_RUNS,
    };
  }
}
