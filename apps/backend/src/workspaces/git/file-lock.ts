import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * One piece of work at a time on a path, in this process and between processes that share the folder.
 *
 *     in this process:   a chain of promises per path
 *     between processes: `<path>.lock`, made exclusively, naming its owner; its mtime is the owner's sign of life
 *
 * A lock is stale when its owner's process is gone from this host, when it names this process but not this start
 * of it (pid 1 of a restarted container), or when it gave no sign of life for a while.
 */
const HEARTBEAT_MS = 5_000;
const SILENT_MS = 30_000;
const POLL_MS = 100;

interface Owner {
  host: string;
  pid: number;
  /** One per start of a process: pids come again. */
  start: string;
}

const ME: Owner = { host: hostname(), pid: process.pid, start: randomUUID() };
const chains = new Map<string, Promise<void>>();

/** @throws the signal's reason when it aborts before the turn has come */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const before = chains.get(path) ?? Promise.resolve();
  let leave = (): void => undefined;
  const left = new Promise<void>((resolve) => (leave = resolve));
  const mine = before.then(() => left);
  chains.set(path, mine);
  try {
    await unlessAborted(before, signal);
    return await locked(path, work, signal);
  } finally {
    leave();
    if (chains.get(path) === mine) chains.delete(path);
  }
}

async function unlessAborted(waiting: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  if (!signal) return void (await waiting);
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
  });
  try {
    await Promise.race([waiting, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function locked<T>(path: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const lock = `${path}.lock`;
  await mkdir(dirname(lock), { recursive: true });
  while (!(await take(lock))) {
    await breakIfStale(lock);
    await delay(POLL_MS, undefined, { signal });
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  try {
    signal?.throwIfAborted();
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx');
    await file.writeFile(JSON.stringify(ME)).finally(() => file.close());
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Only one breaks at a time, and looks again first: else it might remove the lock of whoever broke it before. */
async function breakIfStale(lock: string): Promise<void> {
  if (!(await isStale(lock))) return;
  const breaking = `${lock}.breaking`;
  try {
    await mkdir(breaking);
  } catch {
    if (await isSilent(breaking)) await rmdir(breaking).catch(() => undefined);
    return;
  }
  try {
    if (await isStale(lock)) await rm(lock, { force: true });
  } finally {
    await rmdir(breaking).catch(() => undefined);
  }
}

async function isStale(lock: string): Promise<boolean> {
  return (await isSilent(lock)) || isGone(await readOwner(lock));
}

async function isSilent(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > SILENT_MS;
}

/** null: released meanwhile, or its owner is still writing its name. */
async function readOwner(lock: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(lock, 'utf8')) as Owner;
  } catch {
    return null;
  }
}

function isGone(owner: Owner | null): boolean {
  if (owner === null || owner.host !== ME.host) return false;
  if (owner.pid === ME.pid) return owner.start !== ME.start;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
