import { Inject, Injectable } from '@nestjs/common';
import type { SystemInfo } from '@saas-codex/contracts/system';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { CONFIG, type Config } from '../config.js';
import type { TenantScope } from '../database/tenant-row.js';
import { RunnerClient, RunnerRefused, RunnerUnavailable } from '../runner-client/runner-client.js';
import { ModelServerService } from '../usage/model-server.service.js';

const FRESH_MS = 5_000;

/**
 * What the runner reports about itself, and the limits of images. The runner is asked at most once every few seconds, however
 * many clients ask us.
 */
@Injectable()
export class SystemService {
  private latest: { answer: Promise<SystemInfo>; until: number } | undefined;

  constructor(
    private readonly runner: RunnerClient,
    @Inject(CONFIG) private readonly config: Pick<Config, 'MAX_IMAGE_MB' | 'MAX_IMAGES_PER_PROMPT'>,
    private readonly modelServers: ModelServerService,
  ) {}

  /** As it is for the tenant, whose model server may be its own. @throws ProblemError runner_unavailable */
  async read(ctx: TenantScope): Promise<SystemInfo> {
    const [info, { source }] = await Promise.all([this.ofRunner(), this.modelServers.read(ctx)]);
    return source === 'organisation' ? { ...info, model_source: source } : info;
  }

  /** A failure is not cached: the next call asks the runner again. */
  private ofRunner(): Promise<SystemInfo> {
    if (!this.latest || this.latest.until <= Date.now()) {
      const latest = { answer: this.ask(), until: Date.now() + FRESH_MS };
      this.latest = latest;
      latest.answer.catch(() => {
        if (this.latest === latest) this.latest = undefined;
      });
    }
    return this.latest.answer;
  }

  private get images(): SystemInfo['images'] {
    const { MAX_IMAGE_MB: megabytes, MAX_IMAGES_PER_PROMPT: perPrompt } = this.config;
    return { max_bytes: Math.floor(megabytes * 1024 * 1024), max_per_prompt: perPrompt };
  }

  private async ask(): Promise<SystemInfo> {
    try {
      return { ...(await this.runner.system()), images: this.images };
    } catch (error) {
      if (!(error instanceof RunnerUnavailable || error instanceof RunnerRefused)) throw error;
      throw new ProblemError('runner_unavailable', 'Sessions can still be read. Try again in a moment.');
    }
  }
}
