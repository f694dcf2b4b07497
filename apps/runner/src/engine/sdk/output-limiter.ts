import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { OutputLimitError } from '../port/engine.js';

/*
 * Backpressure and limits for the Codex process that the SDK starts. The SDK does not expose that process, so Node's
 * diagnostics channel hands it to us. What Codex prints is under the control of the model server and the agent, and the SDK
 * buffers all of it until it is read.
 *
 *     stdin    the SDK does not handle its errors: Codex may exit before it has read a long prompt
 *     stdout   the SDK reads on while the run's log is written: the stream is paused, and a line has a maximum length
 *     stderr   the SDK keeps all of it for the message of a failure: the beginning is enough
 */

/** Bytes of one line. Codex cuts the outputs of commands to far less. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
/** Bytes of lines that wait to be consumed. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
/** What a pending line takes besides its bytes. */
const LINE_OVERHEAD_BYTES = 256;
const MAX_STDERR_BYTES = 64 * 1024;
const NEWLINE = 10;

/** Limits the output of one process. */
export class OutputLimiter {
  private readonly lineSizes: number[] = [];
  private child: ChildProcess | null = null;
  private pendingBytes = 0;
  private lineBytes = 0;
  private error: OutputLimitError | null = null;

  /** Set when the process printed too long a line and was killed. */
  get exceeded(): OutputLimitError | null {
    return this.error;
  }

  /** Attaches to the process that `step` starts. */
  attachDuring<T>(step: () => T): T {
    return currentLimiter.run(this, step);
  }

  lineConsumed(): void {
    this.pendingBytes -= this.lineSizes.shift() ?? 0;
    if (this.pendingBytes <= MAX_PENDING_BYTES) this.child?.stdout?.resume();
  }

  /** To be called after the SDK has added its own listeners. */
  attachTo(child: ChildProcess): void {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => this.onOutput(chunk));
    let stderrBytes = 0;
    child.stderr?.on('data', (chunk: Buffer) => {
      stderrBytes += chunk.length;
      if (stderrBytes > MAX_STDERR_BYTES) discard(child.stderr);
    });
  }

  private onOutput(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const size = this.lineBytes + (end - start) + LINE_OVERHEAD_BYTES;
      this.lineSizes.push(size);
      this.pendingBytes += size;
      this.lineBytes = 0;
      start = end + 1;
    }
    this.lineBytes += chunk.length - start;
    if (this.lineBytes > MAX_LINE_BYTES) this.killChild();
    else if (this.pendingBytes > MAX_PENDING_BYTES) this.child?.stdout?.pause();
  }

  /** The SDK continues to read until the output ends, which happens when the processes end. */
  private killChild(): void {
    this.error = new OutputLimitError(`Codex printed a line of more than ${MAX_LINE_BYTES} bytes`);
    discard(this.child?.stdout);
    this.child?.kill('SIGKILL');
  }
}

const currentLimiter = new AsyncLocalStorage<OutputLimiter>();

const discard = (stream: ChildProcess['stdout'] | undefined) => stream?.removeAllListeners('data').resume();

/** Lets limiters attach to the processes that this process starts from now on. */
export function limitChildOutput(): void {
  subscribe('child_process', (message) => {
    const { process: child } = message as { process: ChildProcess };
    const limiter = currentLimiter.getStore();
    // Published while the object is being constructed. Its streams exist once the current step has ended.
    queueMicrotask(() => {
      child.stdin?.on('error', () => undefined);
      limiter?.attachTo(child);
    });
  });
}
