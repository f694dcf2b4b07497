import type { Network } from '@saas-codex/contracts/network';
import { Logger } from '@nestjs/common';
import { shellEnvironmentSetting } from './command-environment.js';
import { endProcesses } from './end-processes.js';
import { Jail, type JailedTurn, type Launch, RUN_VARIABLE, type Sandbox } from './jail.js';

/**
 * Codex's own sandbox around each agent command, or none. Codex itself is not confined, and neither ends what a command
 * left behind.
 */
export class CodexSandboxJail extends Jail {
  private readonly logger = new Logger(CodexSandboxJail.name);

  constructor(
    private readonly sandbox: Sandbox,
    readonly reason: string,
  ) {
    super();
  }

  get isolation() {
    return this.sandbox === 'workspace-write' ? 'codex-sandbox' : 'none';
  }

  async modelSocket(): Promise<null> {
    return null;
  }

  /** Codex's sandbox can cut the network off, and no more. Without it everything is within reach. */
  problemWith({ mode }: Network): string | null {
    return this.isolation === 'codex-sandbox' && mode === 'allow_list' ? NO_ALLOW_LIST : null;
  }

  async launch({ runId, environment, network }: JailedTurn): Promise<Launch> {
    const commandEnvironment = { [RUN_VARIABLE]: runId };
    return {
      environment: { ...environment, [RUN_VARIABLE]: runId },
      commandEnvironment,
      configOverrides: [
        shellEnvironmentSetting(commandEnvironment),
        `sandbox_workspace_write.network_access=${network.mode === 'on'}`,
      ],
      sandboxMode: this.sandbox,
    };
  }

  /** There is no limit but the run's deadline. */
  watch(): () => void {
    return () => undefined;
  }

  limitBehind(): null {
    return null;
  }

  async end(runId: string): Promise<void> {
    const left = await endProcesses(runId);
    if (left.length > 0) this.logger.error(`processes of run ${runId} cannot be ended: ${left.join(', ')}`);
  }
}

const NO_ALLOW_LIST =
  'A list of allowed hosts needs bubblewrap, which this runner does not have. Turn the network off or on in the session’s environment, or ask the operator for ISOLATION=bubblewrap.';
