import { Injectable } from '@nestjs/common';
import type { ApprovalMode } from '@saas-codex/contracts/approval-questions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { RunnerClient, RunnerRefused, RunnerUnavailable } from '../runner-client/runner-client.js';

/** What sessions may ask of the engine of this installation. */
@Injectable()
export class EngineSupport {
  constructor(private readonly runner: RunnerClient) {}

  /** @throws ProblemError approvals_unsupported, runner_unavailable */
  async requireApprovals(mode: ApprovalMode): Promise<void> {
    if (mode === 'never' || (await this.capabilities())?.approvals) return;
    throw new ProblemError(
      'approvals_unsupported',
      'Let the session run without asking, or ask the operator of this installation to use ENGINE=app-server.',
    );
  }

  /** Undefined: a runner of an earlier version does not say. */
  private async capabilities() {
    try {
      return (await this.runner.system()).capabilities;
    } catch (error) {
      if (!(error instanceof RunnerUnavailable || error instanceof RunnerRefused)) throw error;
      throw new ProblemError('runner_unavailable', 'Try again in a moment.');
    }
  }
}
