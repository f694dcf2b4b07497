import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireFreePorts } from './ports.mjs';
import { stopProcess, waitUntil } from './processes.mjs';
import { requireProgram } from './system-packages.mjs';

/**
 * Starts our own Redis on loopback. It appends every write to disk and evicts nothing. Its configuration goes in through
 * stdin, so that the password is in no argument and no file.
 * @param {{ folder: string, port: number, password?: string }} options
 * @returns {Promise<{ url: string, process: import('node:child_process').ChildProcess, stop(): Promise<void> }>}
 */
export async function startRedis({ folder, port, password }) {
  const program = await requireProgram({
    names: ['redis-server', 'valkey-server'],
    debianPackage: 'redis-server',
    purpose: 'Redis',
  });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await endLeftover(join(folder, 'redis.pid'), program);
  await requireFreePorts([{ name: 'Redis', port, setting: 'REDIS_PORT' }]);
  const child = spawn(program, ['-'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { LC_ALL: 'C' },
    detached: true,
  });
  let log = '';
  child.stdout.on('data', (chunk) => (log = (log + chunk).slice(-4000)));
  child.stderr.on('data', (chunk) => (log = (log + chunk).slice(-4000)));
  child.stdin.end(
    [
      `bind 127.0.0.1`,
      `port ${port}`,
      `dir "${folder}"`,
      `pidfile "${join(folder, 'redis.pid')}"`,
      ...(password ? [`requirepass "${password}"`] : []),
      'appendonly yes',
      'appendfsync everysec',
      'save ""',
      'maxmemory-policy noeviction',
    ].join('\n'),
  );
  await waitUntil(
    () => /Ready to accept connections/.test(log),
    child,
    () => `Redis did not start:\n${log}`,
  );
  const auth = password ? `:${encodeURIComponent(password)}@` : '';
  return {
    url: `redis://${auth}127.0.0.1:${port}`,
    process: child,
    stop: () => stopProcess(child, 'SIGTERM', 10_000),
  };
}

/**
 * A killed launcher leaves its Redis running: stop it, so that ours can use the folder.
 * @param {string} file @param {string} program
 */
async function endLeftover(file, program) {
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8'));
  const alive = () => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(program);
    } catch {
      return false;
    }
  };
  if (!alive()) return;
  process.kill(pid, 'SIGTERM');
  await waitUntil(
    () => !alive(),
    undefined,
    () => `The Redis of an earlier start (pid ${pid}) does not stop.`,
  );
}
