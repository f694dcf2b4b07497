import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { TooMuchOutputError } from './engine.js';

/*
 * What the SDK does not look after in the Codex that it starts. What Codex prints is in the hands of whoever it listens to,
 * and the SDK keeps all of it until somebody takes it.
 *
 *     stdin    an error there is nobody's: Codex may end before it has read a long prompt
 *     stdout   the SDK reads on while the run's log is written: it is held up, and a line may not grow without end
 *     stderr   the SDK keeps all of it, to tell why Codex has failed: its beginning will do
 */

/** Bytes of one line: Codex cuts the outputs of commands to far less. */
const LONGEST_LINE = 8 * 1024 * 1024;
/** Bytes of lines that nobody has taken yet. */
const MOST_WAITING = 16 * 1024 * 1024;
/** What a line takes beside its bytes. */
const LINE = 256;
const MOST_COMPLAINT = 64 * 1024;
const NEWLINE = 10;

/** What one Codex has printed and nobody has taken yet. */
export class CodexOutput {
  private readonly lines: number[] = [];
  private child: ChildProcess | null = null;
  private waiting = 0;
  private lineLength = 0;
  private found: TooMuchOutputError | null = null;

  get problem(): TooMuchOutputError | null {
    return this.found;
  }

  /** The Codex that is started in this step is the one whose output this is. */
  during<T>(step: () => T): T {
    return current.run(this, step);
  }

  lineTaken(): void {
    this.waiting -= this.lines.shift() ?? 0;
    if (this.waiting <= MOST_WAITING) this.child?.stdout?.resume();
  }

  /** To be called when the SDK listens already. */
  watch(child: ChildProcess): void {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => this.printed(chunk));
    let complaint = 0;
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk.length;
      if (complaint > MOST_COMPLAINT) discard(child.stderr);
    });
  }

  private printed(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const size = this.lineLength + (end - start) + LINE;
      this.lines.push(size);
      this.waiting += size;
      this.lineLength = 0;
      start = end + 1;
    }
    this.lineLength += chunk.length - start;
    if (this.lineLength > LONGEST_LINE) this.giveUp();
    else if (this.waiting > MOST_WAITING) this.child?.stdout?.pause();
  }

  /** The SDK still waits for the end of the output, which comes with that of the processes. */
  private giveUp(): void {
    this.found = new TooMuchOutputError(`Codex printed a line of more than ${LONGEST_LINE} bytes`);
    discard(this.child?.stdout);
    this.child?.kill('SIGKILL');
  }
}

const current = new AsyncLocalStorage<CodexOutput>();

const discard = (stream: ChildProcess['stdout'] | undefined) => stream?.removeAllListeners('data').resume();

export function guardChildren(): void {
  subscribe('child_process', (message) => {
    const { process: child } = message as { process: ChildProcess };
    const output = current.getStore();
    // Published while the process object is being made; its streams are there when the caller's step has ended.
    queueMicrotask(() => {
      child.stdin?.on('error', () => undefined);
      output?.watch(child);
    });
  });
}
