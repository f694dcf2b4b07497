import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { CODEX_STARTER, codexFolder, SCRIPT_RUNNER } from './bubblewrap-arguments.js';
import { DEFAULT_PATH, projectTrust } from '../../threads/codex-home.js';
import { shellEnvironmentSetting } from './command-environment.js';
import { countCommands, endProcesses } from './end-processes.js';
import {
  Jail,
  type JailedTurn,
  type Launch,
  RUN_VARIABLE,
  type RunSettings,
  type Sandbox,
  type ScriptLaunch,
  type Upkeep,
  type UpkeepLaunch,
} from './jail.js';
import { RunFolders } from './run-folders.js';

const require = createRequire(import.meta.url);
const CODEX = require.resolve('@openai/codex/bin/codex.js');

/** The arguments with which node runs a command in Codex's own sandbox. @param settings each `key=<TOML value>` */
export const sandboxArguments = (settings: string[], command: string[]): string[] => [
  CODEX,
  'sandbox',
  ...['sandbox_mode="workspace-write"', ...settings].flatMap((setting) => ['--config', setting]),
  '--',
  ...command,
];

/**
 * Codex's own sandbox around each agent command, or none. Codex itself is not confined, and neither mode ends the processes
 * that a command left behind.
 */
export class CodexSandboxJail extends Jail implements OnApplicationShutdown {
  readonly limits = 'deadline';
  readonly limitsReason = 'Limits on what a run uses need bubblewrap; here it only has a deadline.';
  readonly preparedJails = null;
  private readonly logger = new Logger(CodexSandboxJail.name);
  private readonly folders = new RunFolders();

  constructor(
    private readonly sandbox: Sandbox,
    readonly reason: string,
  ) {
    super();
  }

  get isolation() {
    return this.sandbox === 'workspace-write' ? 'codex-sandbox' : 'none';
  }

  async runSocket(): Promise<null> {
    return null;
  }

  /**
   * Codex's sandbox can only cut off the network as a whole. Without it everything can be reached. Neither confines what Codex
   * itself starts, or keeps other sessions from reading its environment.
   */
  problemWith({ network, trustRepository, hasSecrets }: RunSettings): string | null {
    if (trustRepository) return NO_TRUST;
    if (hasSecrets) return NO_GRANT;
    return this.isolation === 'codex-sandbox' && 'hosts' in network ? NO_ALLOW_LIST : null;
  }

  async launch({ runId, paths, environment, network, images = [] }: JailedTurn): Promise<Launch> {
    const commandEnvironment = { [RUN_VARIABLE]: runId };
    return {
      program: CODEX_STARTER,
      environment: {
        ...environment,
        [RUN_VARIABLE]: runId,
        SAAS_CODEX_REPO: paths.repo,
        SAAS_CODEX_PROGRAM: join(codexFolder(), 'bin', 'codex'),
      },
      commandEnvironment,
      // Outside of what Codex's sandbox lets commands write to.
      images,
      configOverrides: [
        shellEnvironmentSetting(commandEnvironment),
        `sandbox_workspace_write.network_access=${network.mode === 'on'}`,
      ],
      sandboxMode: this.sandbox,
    };
  }

  async launchScript(turn: JailedTurn, script: string): Promise<ScriptLaunch> {
    const { environment, commandEnvironment, configOverrides } = await this.launch(turn);
    return this.sandboxed(turn, script, { ...environment, ...commandEnvironment }, configOverrides);
  }

  async launchUpkeep({ runId, paths, environment }: Upkeep): Promise<UpkeepLaunch> {
    const own = { SAAS_CODEX_REPO: paths.repo, SAAS_CODEX_PROGRAM: join(codexFolder(), 'bin', 'codex') };
    return {
      program: CODEX_STARTER,
      environment: { ...environment, ...own, [RUN_VARIABLE]: runId },
      sandboxMode: this.sandbox,
    };
  }

  launchUpkeepScript({ writes, environment, ...upkeep }: Upkeep, script: string): Promise<ScriptLaunch> {
    const roots = JSON.stringify(writes === 'repo' ? [] : [upkeep.paths.codexHome]);
    const settings = [`sandbox_workspace_write.writable_roots=${roots}`];
    // Codex puts a folder of its own before PATH. Without one, a shell would find nothing but what is in there.
    const { PATH = DEFAULT_PATH } = process.env;
    const own = { PATH, ...environment, [RUN_VARIABLE]: upkeep.runId };
    return this.sandboxed(upkeep, script, own, settings);
  }

  /** The deadline is the only limit. */
  watchLimits(): () => void {
    return () => undefined;
  }

  async exceededLimit(): Promise<null> {
    return null;
  }

  countCommands(runId: string): Promise<number> {
    return countCommands(runId);
  }

  async endProcesses(runId: string): Promise<void> {
    const left = await endProcesses(runId);
    if (left.length > 0) this.logger.error(`processes of run ${runId} cannot be ended: ${left.join(', ')}`);
  }

  async endRun(runId: string): Promise<void> {
    await this.endProcesses(runId);
    await this.folders.removeFolder(runId);
  }

  private async sandboxed(
    { runId, paths }: Pick<JailedTurn, 'runId' | 'paths'>,
    script: string,
    environment: Record<string, string>,
    settings: string[],
  ): Promise<ScriptLaunch> {
    const path = join(await this.folders.folderOf(runId), 'setup.sh');
    await writeFile(path, script, { mode: 0o600 });
    const cwd = paths.repo;
    const command = ['/bin/sh', SCRIPT_RUNNER, path];
    if (this.sandbox === 'danger-full-access')
      return { program: '/bin/sh', args: command.slice(1), cwd, environment };
    const args = sandboxArguments([...settings, projectTrust(cwd, 'untrusted')], command);
    return { program: process.execPath, args, cwd, environment };
  }

  onApplicationShutdown(): Promise<void> {
    return this.folders.close();
  }
}

const NO_TRUST =
  'Programs that a repository names start only in a bubblewrap jail, which this runner does not have. Turn off “Trust the repository” in this session, or ask the operator for ISOLATION=bubblewrap.';
const NO_GRANT =
  'Secrets are given only to a bubblewrap jail, which this runner does not have. Take them out of the session’s environment, or ask the operator for ISOLATION=bubblewrap.';
const NO_ALLOW_LIST =
  'A list of allowed hosts needs bubblewrap, which this runner does not have. Turn the network off or on in the session’s environment, or ask the operator for ISOLATION=bubblewrap.';
