import { dirname } from 'node:path';
import { Injectable } from '@nestjs/common';
import { GitPluginError, simpleGit } from 'simple-git';
import { WorkspaceLimits } from '../workspace-limits.js';
import { gitConfigArguments, gitEnvironment } from './git-environment.js';
import { GitFailure, type GitFailureKind } from './git-failure.js';

/**
 * simple-git's guards are for arguments and variables that a user chose, and stop the hardening too. So the ones that the
 * hardening needs are lifted, by name.
 */
const LIFTED_GUARDS = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeTemplateDir: true,
};

/**
 * Makes bare repositories, and asks them short questions, by simple-git. They are ours alone: no work tree, no other host,
 * nothing of an agent's. Where one of these is at hand, `Git` runs the command.
 */
@Injectable()
export class BareGit {
  constructor(private readonly limits: WorkspaceLimits) {}

  /** @throws GitFailure */
  async init(path: string): Promise<void> {
    await this.raw(dirname(path), ['init', '--bare', '--template=', '--', path]);
  }

  /** @returns the answer, without white space around it. @throws GitFailure */
  ask(path: string, args: readonly [string, ...string[]], signal?: AbortSignal): Promise<string> {
    return this.raw(path, [`--git-dir=${path}`, ...args], signal);
  }

  private async raw(baseDir: string, args: string[], signal?: AbortSignal): Promise<string> {
    const env = gitEnvironment([], {});
    const git = simpleGit({
      baseDir,
      allowEnvironment: Object.keys(env),
      unsafe: LIFTED_GUARDS,
      timeout: { block: this.limits.localMs },
      ...(signal && { abort: signal }),
      // On its own it takes an exit code with nothing on stderr for a success.
      errors: (error, { exitCode }) =>
        exitCode === 0 ? undefined : (error ?? Buffer.from(`exit ${exitCode}`)),
    });
    try {
      return (await git.env(env).raw([...gitConfigArguments(['core.bare=true']), ...args])).trim();
    } catch (error) {
      const command = args.find((arg) => !arg.startsWith('-')) ?? '';
      throw new GitFailure(kindOf(error, signal), command, null, String(error));
    }
  }
}

function kindOf(error: unknown, signal: AbortSignal | undefined): GitFailureKind {
  if (signal?.aborted) return 'aborted';
  return error instanceof GitPluginError && error.plugin === 'timeout' ? 'stalled' : 'exit';
}
