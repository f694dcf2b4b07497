import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { requireFreePorts } from './ports.mjs';
import { stopProcess, waitUntil } from './processes.mjs';
import { requireProgram } from './system-packages.mjs';

const MEGABYTE = 1024 * 1024;
/** The share of the limit that the data at a start may need. With less room left, running logs would soon be refused. */
const ENOUGH = 3 / 4;

/** Half of the memory of this machine, or of the container. */
export function defaultMaxMemoryMb() {
  // 0, or more than there is: not limited.
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.floor(memory / 2 / MEGABYTE);
}

/**
 * Starts our own Redis on loopback. It appends every write to disk and evicts nothing. Its configuration goes in through
 * stdin, so that the password is in no argument and no file.
 * @param {{ folder: string, port: number, password?: string, maxMemoryMb?: number }} options without `maxMemoryMb` it takes
 *   what it needs
 * @returns {Promise<{ url: string, process: import('node:child_process').ChildProcess, stop(): Promise<void> }>}
 */
export async function startRedis({ folder, port, password, maxMemoryMb }) {
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
  const url = `redis://${auth}127.0.0.1:${port}`;
  if (maxMemoryMb !== undefined) await limitMemory(url, maxMemoryMb);
  return {
    url,
    process: child,
    stop: () => stopProcess(child, 'SIGTERM', 10_000),
  };
}

/**
 * Limits the memory once the data are loaded, unless they already need most of it: then Redis would refuse the events of runs.
 * docker-compose.yml does the same.
 * @param {string} url @param {number} maxMb
 */
async function limitMemory(url, maxMb) {
  const redis = new Redis(url);
  try {
    const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
    if (used <= maxMb * MEGABYTE * ENOUGH)
      return void (await redis.config('SET', 'maxmemory', maxMb * MEGABYTE));
    console.warn(
      `Redis starts without a memory limit: its data take ${Math.ceil(used / MEGABYTE)} MB, which leaves too little of ${maxMb} MB. ` +
        'Set a higher REDIS_MAX_MEMORY_MB in .env.',
    );
  } finally {
    redis.disconnect();
  }
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
