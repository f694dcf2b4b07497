import { Injectable } from '@nestjs/common';
import type { SystemInfo } from '@saas-codex/contracts/system';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { RunnerClient, RunnerRefused, RunnerUnavailable } from '../runner-client/runner-client.js';

const FRESH_MS = 5_000;

/** What the runner reports about itself. It is asked at most once every few seconds, however many clients ask us. */
@Injectable()
export class SystemService {
  private latest: { answer: Promise<SystemInfo>; until: number } | undefined;

  constructor(private readonly runner: RunnerClient) {}

  /** @throws ProblemError runner_unavailable, which is not cached: the next call asks the runner again */
  read(): Promise<SystemInfo> {
    if (!this.latest || this.latest.until <= Date.now()) {
      const latest = { answer: this.ask(), until: Date.now() + FRESH_MS };
      this.latest = latest;
      latest.answer.catch(() => {
        if (this.latest === latest) this.latest = undefined;
      });
    }
    return this.latest.answer;
  }

  private async ask(): Promise<SystemInfo> {
    try {
      return await this.runner.system();
    } catch (error) {
      if (!(error instanceof RunnerUnavailable || error instanceof RunnerRefused)) throw error;
      throw new ProblemError('runner_unavailable', 'Sessions can still be read. Try again in a moment.');
    }
  }
}
