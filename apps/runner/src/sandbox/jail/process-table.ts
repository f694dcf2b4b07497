import { open, readdir } from 'node:fs/promises';

export interface ProcessEntry {
  pid: number;
  parent: number;
  /** Ended with all of its threads, but not yet reaped by its parent. */
  zombie: boolean;
  threads: number;
  /** Hundredths of a second, including the children that it has waited for. */
  cpuTicks: number;
  /** 0: the default. More: others come first. */
  niceness: number;
}

const NUMBER = /^\d+$/;
/** Index in /proc/<pid>/stat after the name: user, system, and both of children. */
const CPU_TIMES = 11;
const NICENESS = 16;
const THREADS = 17;
/** Bytes. The line has about 50 numbers. */
const STAT_LINE = 2_048;
/** Bytes. Agents may give their processes megabytes of arguments. */
const MAX_READ = 128 * 1024;

/**
 * All processes of this machine (of this pid namespace), from Linux's /proc. Empty on other systems, where a signal still
 * ends Codex itself.
 */
export async function readProcesses(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => NUMBER.test(name)).map(Number);
  return (await inBatches(pids, readProcess)).filter((entry) => entry !== null);
}

/** The child processes of this one; empty where the kernel keeps no such list. */
export async function readOwnChildren(): Promise<number[]> {
  const list = await readText(`/proc/self/task/${process.pid}/children`);
  return list
    .split(' ')
    .filter((pid) => NUMBER.test(pid))
    .map(Number);
}

async function readProcess(pid: number): Promise<ProcessEntry | null> {
  const stat = await readText(`/proc/${pid}/stat`, STAT_LINE);
  // `pid (name) state parent …`. A name may contain anything, parentheses included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields;
  if (!state || !parent) return null;
  const threads = Number(fields[THREADS]);
  // A process whose first thread alone has ended looks the same.
  const zombie = (state === 'Z' || state === 'X') && threads <= 1;
  const cpuTicks = fields.slice(CPU_TIMES, CPU_TIMES + 4).reduce((sum, ticks) => sum + Number(ticks), 0);
  return { pid, parent: Number(parent), zombie, threads, cpuTicks, niceness: Number(fields[NICENESS]) };
}

/** The given processes and all their descendants. */
export function withDescendants(roots: ProcessEntry[], all: ProcessEntry[]): ProcessEntry[] {
  const childrenOf = new Map<number, ProcessEntry[]>();
  for (const entry of all) {
    const siblings = childrenOf.get(entry.parent);
    if (siblings) siblings.push(entry);
    else childrenOf.set(entry.parent, [entry]);
  }
  const found = new Set(roots);
  // Iterating a set includes entries that are added meanwhile.
  for (const entry of found) childrenOf.get(entry.pid)?.forEach((child) => found.add(child));
  return [...found];
}

/** What a process was started with, each part terminated by a NUL; empty when it cannot be read. */
export const readEnvironment = (pid: number): Promise<string> => readText(`/proc/${pid}/environ`);
export const readCommandLine = (pid: number): Promise<string> => readText(`/proc/${pid}/cmdline`);

/** The beginning of the file; empty when the process has ended or the file cannot be read. */
async function readText(path: string, maximum = MAX_READ): Promise<string> {
  const file = await open(path).catch(() => null);
  if (file === null) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(maximum), 0, maximum);
    return buffer.toString('latin1', 0, bytesRead);
  } catch {
    return '';
  } finally {
    await file.close();
  }
}

const BATCH = 32;

/**
 * Like `Promise.all(items.map(work))`, but a few at a time. Agents decide how many items there are, and each takes memory of
 * the runner and time of the thread pool that all runs share.
 */
export async function inBatches<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let next = 0; next < items.length; next += BATCH)
    results.push(...(await Promise.all(items.slice(next, next + BATCH).map(work))));
  return results;
}
