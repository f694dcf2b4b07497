import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { ScriptLaunch } from '../../sandbox/jail/jail.js';

export interface RunningProgram {
  /** What it prints, until nobody can print any more. */
  output: AsyncIterable<string>;
  /** Its exit code; null: it was killed. */
  exited: Promise<number | null>;
  /** What it said beside its output so far, the end of it. */
  complaint(): string;
  kill(): void;
}

const COMPLAINT = 500;
/** Where processes cannot be found (not on Linux), one that stayed behind keeps the output open for ever. */
const PATIENCE_MS = 5_000;

/**
 * Starts a program without input.
 * @param onExit called when the program itself has ended, with its exit code; what it has left behind may still print
 * @throws Error when it cannot be started
 */
export async function startProgram(
  { program, args, cwd, environment }: ScriptLaunch,
  onExit: (code: number | null) => void,
): Promise<RunningProgram> {
  const child = spawn(program, args, { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = child.stdout.setEncoding('utf8');
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT);
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      onExit(code);
      resolve(code);
      const giveUp = setTimeout(() => output.destroy(), PATIENCE_MS);
      output.once('close', () => clearTimeout(giveUp));
    });
  });
  await once(child, 'spawn');
  return {
    output: untilClosed(output),
    exited,
    complaint: () => complaint.trim(),
    kill: () => child.kill('SIGKILL'),
  };
}

/** A stream that was given up has ended, too. */
async function* untilClosed(output: Readable): AsyncGenerator<string> {
  try {
    yield* output as AsyncIterable<string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
