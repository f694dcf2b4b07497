import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { WorkspaceLimits } from '../workspace-limits.js';
import { gitConfigArguments, gitEnvironment } from './git-environment.js';
import { GitFailure, type GitFailureKind } from './git-failure.js';
import { withMemoryLimit } from './memory-limit.js';

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
  /** Without it git reads nothing. */
  input?: string | Buffer | AsyncIterable<Buffer>;
  /** What git may speak; default nothing. */
  protocols?: readonly string[];
  timeoutMs: number;
  /** Default 64 MB. */
  maxOutputBytes?: number;
  /** Output above the maximum is cut instead of being a failure. */
  truncate?: boolean;
  signal?: AbortSignal;
  /** Takes the output piece by piece, of any length; then none is kept. */
  onStdout?: (chunk: Buffer) => void;
  onStderr?: (text: string) => void;
}

export interface GitOutput {
  stdout: Buffer;
  truncated: boolean;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** From asking a command to end to ending it. */
const GRACE_MS = 1_000;
const MAX_STDERR_CHARACTERS = 16 * 1024;

/**
 * Runs git commands: an environment that starts empty, settings that start no program, a deadline, bounded memory
 * and output.
 */
@Injectable()
export class Git {
  constructor(private readonly limits: WorkspaceLimits) {}

  /** @throws GitFailure; what `input` throws; the system's error when git cannot be started */
  run(command: GitCommand): Promise<GitOutput> {
    const [program, ...args] = withMemoryLimit(this.limits.gitMemoryBytes, [
      'git',
      ...globalArguments(command),
      ...command.args,
    ]);
    const child = spawn(program, args, {
      cwd: command.cwd,
      env: gitEnvironment(command.protocols ?? [], command.env ?? {}),
      stdio: [command.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // A process group of its own: what git started ends with it.
      detached: true,
    });
    return new GitProcess(command, child).finished();
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

/** One running command: its input and output, its deadline, and how it ended. */
class GitProcess {
  private readonly chunks: Buffer[] = [];
  private timer: NodeJS.Timeout;
  private bytes = 0;
  private stderr = '';
  private stoppedFor: Exclude<GitFailureKind, 'exit'> | null = null;

  constructor(
    private readonly command: GitCommand,
    private readonly child: ChildProcess,
  ) {
    this.timer = setTimeout(() => this.stop('stalled'), command.timeoutMs);
    command.signal?.addEventListener('abort', this.onAbort);
    if (command.signal?.aborted) this.onAbort();
    child.stdout?.on('data', (chunk: Buffer) => this.onStdout(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.onStderr(chunk.toString('utf8')));
  }

  async finished(): Promise<GitOutput> {
    try {
      const [exitCode, feedFailure] = await Promise.all([this.closed(), this.feed()]);
      if (exitCode === 0 && this.stoppedFor === null) return this.output();
      if (this.stoppedFor === 'flooded' && this.command.truncate) return this.output();
      if (this.stoppedFor === null && feedFailure !== null) throw feedFailure;
      throw new GitFailure(this.stoppedFor ?? 'exit', this.command.args[0], exitCode, this.stderr);
    } finally {
      clearTimeout(this.timer);
      this.command.signal?.removeEventListener('abort', this.onAbort);
    }
  }

  /** Answers the exit code, null when a signal ended it, once all output has been read. */
  private closed(): Promise<number | null> {
    return new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', resolve);
    });
  }

  /** Answers why there was no more input; a command that does not want to read all of it is not to blame. */
  private async feed(): Promise<Error | null> {
    const { input } = this.command;
    if (input === undefined || this.child.stdin === null) return null;
    try {
      await pipeline(Readable.from(input), this.child.stdin);
      return null;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      return CLOSED.has(code) ? null : (error as Error);
    }
  }

  private onStdout(chunk: Buffer): void {
    if (this.command.onStdout) return this.command.onStdout(chunk);
    const room = this.maximum - this.bytes;
    if (room > 0) this.chunks.push(chunk.subarray(0, room));
    this.bytes += chunk.length;
    if (this.bytes > this.maximum) this.stop('flooded');
  }

  private onStderr(text: string): void {
    this.stderr = (this.stderr + text).slice(-MAX_STDERR_CHARACTERS);
    this.command.onStderr?.(text);
  }

  private output(): GitOutput {
    return { stdout: Buffer.concat(this.chunks), truncated: this.bytes > this.maximum };
  }

  private readonly onAbort = () => this.stop('aborted');

  private get maximum(): number {
    return this.command.maxOutputBytes ?? MAX_OUTPUT_BYTES;
  }

  private stop(reason: Exclude<GitFailureKind, 'exit'>): void {
    if (this.stoppedFor !== null) return;
    this.stoppedFor = reason;
    this.signalAll('SIGTERM');
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.signalAll('SIGKILL'), GRACE_MS);
  }

  /** git, and its transport helpers, which may sit in a connection that does not move. */
  private signalAll(signal: NodeJS.Signals): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

const CLOSED = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);
