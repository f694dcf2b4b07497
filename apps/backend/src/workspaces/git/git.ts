import { Injectable } from '@nestjs/common';
import { simpleGit } from 'simple-git';
import { gitConfigArguments, gitEnvironment } from './git-environment.js';
import { GitFailure, type GitFailureKind } from './git-failure.js';

export interface GitCommand {
  /** Subcommand and arguments; whatever comes from outside stands behind `--` or `--end-of-options`. */
  args: readonly [string, ...string[]];
  cwd: string;
  /** Instead of looking for a repository from `cwd` upwards. */
  gitDir?: string;
  /** Only with `gitDir`; without it the repository counts as bare and no file of a work tree is read. */
  workTree?: string;
  config?: readonly string[];
  env?: Record<string, string>;
  /** Not empty; without it git reads nothing. */
  input?: string | Buffer;
  /** What git may speak; default nothing. */
  protocols?: readonly string[];
  timeoutMs: number;
  /** Default 64 MB. */
  maxOutputBytes?: number;
  /** Output above the maximum is cut instead of being a failure. */
  truncate?: boolean;
  signal?: AbortSignal;
  onStderr?: (text: string) => void;
}

export interface GitOutput {
  stdout: Buffer;
  truncated: boolean;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** From the end of a command to not waiting for it any more. */
const GRACE_MS = 1_000;
const MAX_STDERR_CHARACTERS = 16 * 1024;

/**
 * Runs git commands: an environment that starts empty, settings that start no program, a deadline, bounded output.
 *
 * simple-git's guards are written for arguments and variables that a user chose, and stop the hardening too. So the
 * ones that the hardening needs are lifted, by name; what comes from users never reaches an option here.
 */
const LIFTED_GUARDS = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
  allowUnsafeTemplateDir: true,
};

@Injectable()
export class Git {
  /** @throws GitFailure */
  async run(command: GitCommand): Promise<GitOutput> {
    const watch = new Watch(command);
    const env = gitEnvironment(command.protocols ?? [], command.env ?? {});
    const git = simpleGit({
      baseDir: command.cwd,
      abort: watch.signal,
      allowEnvironment: Object.keys(env),
      unsafe: LIFTED_GUARDS,
      completion: { onClose: true, onExit: false },
      ...(command.input !== undefined && { input: () => command.input }),
      errors: (error, { exitCode }) => watch.onExit(exitCode, error),
    });
    try {
      git.env(env).outputHandler((_command, stdout, stderr) => watch.attach(stdout, stderr));
      await Promise.race([git.raw([...globalArguments(command), ...command.args]), watch.abandoned]);
      return watch.output();
    } catch (error) {
      return watch.outputAfter(error);
    } finally {
      watch.close();
    }
  }

  /** Runs and answers stdout as text, without white space around it. */
  async text(command: GitCommand): Promise<string> {
    const { stdout } = await this.run(command);
    return stdout.toString('utf8').trim();
  }
}

function globalArguments({ config = [], gitDir, workTree }: GitCommand): string[] {
  const repository = gitDir === undefined ? [] : [`--git-dir=${gitDir}`];
  const tree = workTree === undefined ? [] : [`--work-tree=${workTree}`];
  const bare = gitDir !== undefined ? [`core.bare=${workTree === undefined}`] : [];
  return [...gitConfigArguments([...bare, ...config]), ...repository, ...tree];
}

/** Watches one process: deadline, abort, size of its output, the end of its stderr. */
class Watch {
  private readonly stopping = new AbortController();
  private readonly chunks: Buffer[] = [];
  private deadline: NodeJS.Timeout;
  private bytes = 0;
  private stderr = '';
  private exitCode: number | null = null;
  private abandon: (reason: Error) => void = () => undefined;
  private stoppedFor: Exclude<GitFailureKind, 'exit'> | null = null;

  /**
   * Rejects when a stopped command does not end: git ends at once, but its transport helper may sit in a connection
   * that does not move (until `http.lowSpeedTime`), with git's output still open.
   */
  readonly abandoned = new Promise<never>((_, reject) => (this.abandon = reject));

  constructor(private readonly command: GitCommand) {
    this.abandoned.catch(() => undefined);
    this.deadline = setTimeout(() => this.stop('stalled'), command.timeoutMs);
    command.signal?.addEventListener('abort', this.onAbort);
    if (command.signal?.aborted) this.onAbort();
  }

  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  attach(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream): void {
    stdout.on('data', (chunk: Buffer) => {
      const room = this.maximum - this.bytes;
      if (room > 0) this.chunks.push(chunk.subarray(0, room));
      this.bytes += chunk.length;
      if (this.bytes > this.maximum) this.stop('flooded');
    });
    stderr.on('data', (chunk: Buffer) => {
      const text = chunk.toString('utf8');
      this.stderr = (this.stderr + text).slice(-MAX_STDERR_CHARACTERS);
      this.command.onStderr?.(text);
    });
  }

  /** simple-git on its own takes an exit code with an empty stderr for a success. */
  onExit(exitCode: number, error: Buffer | Error | undefined): Buffer | Error | undefined {
    this.exitCode = exitCode;
    return exitCode === 0 ? error : (error ?? new Error(`exit code ${exitCode}`));
  }

  output(): GitOutput {
    return { stdout: Buffer.concat(this.chunks), truncated: this.bytes > this.maximum };
  }

  outputAfter(error: unknown): GitOutput {
    if (this.stoppedFor === 'flooded' && this.command.truncate) return this.output();
    if (this.stoppedFor === null && this.exitCode === null) throw error;
    throw new GitFailure(this.stoppedFor ?? 'exit', this.command.args[0], this.exitCode, this.stderr);
  }

  close(): void {
    clearTimeout(this.deadline);
    this.command.signal?.removeEventListener('abort', this.onAbort);
  }

  private readonly onAbort = () => this.stop('aborted');

  private get maximum(): number {
    return this.command.maxOutputBytes ?? MAX_OUTPUT_BYTES;
  }

  private stop(reason: Exclude<GitFailureKind, 'exit'>): void {
    if (this.stoppedFor !== null) return;
    this.stoppedFor = reason;
    this.stopping.abort();
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.abandon(new Error('abandoned')), GRACE_MS);
  }
}
