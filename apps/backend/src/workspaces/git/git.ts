import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { WorkspaceLimits } from '../workspace-limits.js';
import { gitConfigArguments, gitEnvironment, withMemoryLimit } from './git-environment.js';

export interface GitCommand {
  /** Subcommand and arguments. Anything from outside goes behind `--` or `--end-of-options`. */
  args: readonly [string, ...string[]];
  cwd: string;
  /** The repository. Without it, git looks for one from `cwd` upwards. */
  gitDir?: string;
  /** Only with `gitDir`. Without it, the repository counts as bare and git reads no work tree. */
  workTree?: string;
  config?: readonly string[];
  env?: Record<string, string>;
  /** For stdin. Without it, stdin is closed. */
  input?: string | Buffer | AsyncIterable<Buffer>;
  /** Protocols that git may use. By default none. */
  protocols?: readonly string[];
  timeoutMs: number;
  /** By default 64 MB. */
  maxOutputBytes?: number;
  /** Cuts off output above the maximum, instead of failing. */
  truncate?: boolean;
  signal?: AbortSignal;
  /** Takes the output as it comes, of any length. None is kept then. What it throws ends the command. */
  onStdout?: (chunk: Buffer) => void;
  onStderr?: (text: string) => void;
}

export interface GitOutput {
  stdout: Buffer;
  truncated: boolean;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** How long a command may take to end before it is killed. */
const GRACE_MS = 1_000;
const MAX_STDERR_CHARACTERS = 16 * 1024;

/** timeout: the deadline passed. aborted: the caller's signal. output_limit: it printed too much. exit: any other. */
export type GitFailureKind = 'exit' | 'timeout' | 'aborted' | 'output_limit';

/** A git command that did not succeed. `stderr` is for our logs and for choosing a problem, never for clients. */
export class GitFailure extends Error {
  constructor(
    readonly kind: GitFailureKind,
    readonly command: string,
    readonly exitCode: number | null,
    readonly stderr: string,
  ) {
    super(`git ${command}: ${kind}${exitCode === null ? '' : ` ${exitCode}`} ${stderr.slice(-500)}`.trim());
    this.name = 'GitFailure';
  }
}

/**
 * Runs git commands with an environment that starts empty, settings that start no program, a deadline, and limits of
 * memory and output.
 *
 *     spawn (own process group) ─► stdout, stderr ─► exit 0 ─► output
 *       │                                             └─ else ─► GitFailure
 *       └─ deadline, signal or too much output ─► SIGTERM, then SIGKILL, to the whole group
 */
@Injectable()
export class Git {
  constructor(private readonly limits: WorkspaceLimits) {}

  /** @throws GitFailure; the error that `input` or `onStdout` throws; the system's error when git cannot be started */
  runCommand(command: GitCommand): Promise<GitOutput> {
    const [program, ...args] = withMemoryLimit(this.limits.gitMemoryBytes, [
      'git',
      ...globalArguments(command),
      ...command.args,
    ]);
    const child = spawn(program, args, {
      cwd: command.cwd,
      env: gitEnvironment(command.protocols ?? [], command.env ?? {}),
      stdio: [command.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // A process group of its own, so that everything that git starts ends with it.
      detached: true,
    });
    return new GitProcess(command, child).waitForEnd();
  }

  /** Runs a command. @returns its stdout as text, without white space around it. @throws as `runCommand` */
  async readText(command: GitCommand): Promise<string> {
    const { stdout } = await this.runCommand(command);
    return stdout.toString('utf8').trim();
  }

  /** @throws GitFailure */
  async createBareRepository(path: string): Promise<void> {
    const args = ['init', '--bare', '--template=', '--', path] as const;
    await this.runCommand({ args, cwd: dirname(path), timeoutMs: this.limits.localMs });
  }
}

function globalArguments({ config = [], gitDir, workTree }: GitCommand): string[] {
  const repository = gitDir === undefined ? [] : [`--git-dir=${gitDir}`];
  const tree = workTree === undefined ? [] : [`--work-tree=${workTree}`];
  const bare = gitDir !== undefined ? [`core.bare=${workTree === undefined}`] : [];
  return [...gitConfigArguments([...bare, ...config]), ...repository, ...tree];
}

/** One running command: its input and output, its deadline, and how it ends. */
class GitProcess {
  private readonly chunks: Buffer[] = [];
  private timer: NodeJS.Timeout;
  private bytes = 0;
  private stderr = '';
  private readerFailure: { error: unknown } | null = null;
  private stoppedFor: Exclude<GitFailureKind, 'exit'> | null = null;

  constructor(
    private readonly command: GitCommand,
    private readonly child: ChildProcess,
  ) {
    this.timer = setTimeout(() => this.stop('timeout'), command.timeoutMs);
    command.signal?.addEventListener('abort', this.onAbort);
    if (command.signal?.aborted) this.onAbort();
    child.stdout?.on('data', (chunk: Buffer) => this.onStdout(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.onStderr(chunk.toString('utf8')));
  }

  async waitForEnd(): Promise<GitOutput> {
    try {
      const [exitCode, inputFailure] = await Promise.all([this.closed(), this.writeInput()]);
      if (this.readerFailure) throw this.readerFailure.error;
      if (exitCode === 0 && this.stoppedFor === null) return this.output();
      if (this.stoppedFor === 'output_limit' && this.command.truncate) return this.output();
      if (this.stoppedFor === null && inputFailure !== null) throw inputFailure;
      throw new GitFailure(this.stoppedFor ?? 'exit', this.command.args[0], exitCode, this.stderr);
    } finally {
      clearTimeout(this.timer);
      this.command.signal?.removeEventListener('abort', this.onAbort);
    }
  }

  /** @returns the exit code (null: a signal ended it), once all output has been read */
  private closed(): Promise<number | null> {
    return new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', resolve);
    });
  }

  /** @returns why the input failed, or null. A command may end without reading all of its input. */
  private async writeInput(): Promise<Error | null> {
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
    if (this.command.onStdout) return this.passOn(chunk, this.command.onStdout);
    const room = this.maximum - this.bytes;
    if (room > 0) this.chunks.push(chunk.subarray(0, room));
    this.bytes += chunk.length;
    if (this.bytes > this.maximum) this.stop('output_limit');
  }

  private passOn(chunk: Buffer, onStdout: (chunk: Buffer) => void): void {
    if (this.stoppedFor !== null) return;
    try {
      onStdout(chunk);
    } catch (error) {
      this.readerFailure = { error };
      this.stop('aborted');
    }
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

  /** Also reaches git's transport helpers, which may be stuck in a connection that does not move. */
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
