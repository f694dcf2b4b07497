import { spawn } from 'node:child_process';

/** What the output of a script ends in that did not end by itself. */
export const STALLED = 'STALLED';

/** Output of both kinds; a script that does not end is ended, with all that it started. */
export function runShell(
  script: string,
  patienceMs: number,
  cwd: string,
  env: Record<string, string>,
): Promise<string> {
  return new Promise((resolve) => {
    const shell = spawn('sh', ['-c', script], {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        TERM: 'dumb',
        ...env,
      },
    });
    let output = '';
    const read = (chunk: Buffer) => (output += chunk.toString());
    shell.stdout.on('data', read);
    shell.stderr.on('data', read);
    const deadline = setTimeout(() => {
      output += STALLED;
      if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
    }, patienceMs);
    shell.on('close', () => {
      clearTimeout(deadline);
      resolve(output);
    });
  });
}
