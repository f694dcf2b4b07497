import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { ScriptLaunch } from '../../sandbox/jail/jail.js';

export interface ScriptProcess {
  /** What the script prints, until no process holds its output open. */
  output: AsyncIterable<string>;
  /** The exit code; null: killed by a signal. */
  exited: Promise<number | null>;
  /** The end of what was written to stderr so far. */
  stderr(): string;
  kill(): void;
}

/** Characters. */
const MAX_STDERR = 500;
/** Where processes cannot be found (outside of Linux), one that stays behind would keep the output open forever. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * Starts a program without input.
 * @param onExit called with the exit code when the program has exited; processes that it left behind may still print
 * @throws Error when it cannot be started
 */
export async function spawnScript(
  { program, args, cwd, environment }: ScriptLaunch,
  onExit: (code: number | null) => void,
): Promise<ScriptProcess> {
  const child = spawn(program, args, { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = child.stdout.setEncoding('utf8');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR);
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      onExit(code);
      resolve(code);
      const timeout = setTimeout(() => output.destroy(), CLOSE_TIMEOUT_MS);
      output.once('close', () => clearTimeout(timeout));
    });
  });
  await once(child, 'spawn');
  return {
    output: untilClosed(output),
    exited,
    stderr: () => stderr.trim(),
    kill: () => child.kill('SIGKILL'),
  };
}

/** Ends without an error when the stream is destroyed. */
async function* untilClosed(output: Readable): AsyncGenerator<string> {
  try {
    yield* output as AsyncIterable<string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
