import { Injectable } from '@nestjs/common';
import type { EngineCapabilities } from '@saas-codex/contracts/system';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { RunnerClient, RunnerRefused, RunnerUnavailable } from '../runner-client/runner-client.js';

/** What the runners' engine can do. */
@Injectable()
export class RequiredCapability {
  constructor(private readonly runner: RunnerClient) {}

  /**
   * Where no runner answers, a run is accepted, as prompts are: a runner that cannot do it fails the run and says why.
   * @throws ProblemError not_supported_by_engine
   */
  async require(capability: keyof EngineCapabilities): Promise<void> {
    const info = await this.runner.system().catch((error: unknown) => {
      if (error instanceof RunnerUnavailable || error instanceof RunnerRefused) return null;
      throw error;
    });
    if (info === null || info.capabilities?.[capability]) return;
    throw new ProblemError(
      'not_supported_by_engine',
      `The engine “${info.engine}” lacks the capability “${capability}”. The operator can choose ENGINE=app-server.`,
    );
  }
}
