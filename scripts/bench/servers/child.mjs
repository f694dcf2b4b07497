import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stopProcess, waitUntil } from '../../lib/processes.mjs';

/** Environment of a Node server that collects its garbage on SIGUSR2. */
const COLLECTING = {
  NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'collect-garbage.mjs')).href}`,
};

/**
 * Starts a server as a separate process. Resolves when its port answers.
 * @param {string} name
 * @param {{ command: string[], env: NodeJS.ProcessEnv, url: string, folder: string, graceMs?: number }} options
 */
export async function startServer(name, { command, env, url, folder, graceMs = 15_000 }) {
  const [program = '', ...args] = command;
  const file = join(folder, `${name}.log`);
  const log = openSync(file, 'a', 0o600);
  const settings = program === process.execPath ? { ...env, ...COLLECTING } : env;
  const child = spawn(program, args, { env: settings, stdio: ['ignore', log, log] });
  const answers = () =>
    fetch(url).then(
      () => true,
      () => false,
    );
  await waitUntil(answers, child, () => `${name} does not start, see ${file}.`);
  return { pid: child.pid ?? 0, stop: () => stopProcess(child, 'SIGTERM', graceMs) };
}
