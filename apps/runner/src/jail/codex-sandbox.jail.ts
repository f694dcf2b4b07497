import { Logger } from '@nestjs/common';
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

  async launch({ runId, environment }: JailedTurn): Promise<Launch> {
    return {
      environment: { ...environment, [RUN_VARIABLE]: runId },
      // For the commands; without quotes within, so that Codex's own command line has the marker too.
      configOverrides: [`shell_environment_policy.set={${RUN_VARIABLE}='${runId}'}`],
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
