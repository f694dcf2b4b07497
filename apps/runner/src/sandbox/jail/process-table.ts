import { open, readdir } from 'node:fs/promises';
import { inBatches } from './in-batches.js';

export interface ProcessEntry {
  pid: number;
  parent: number;
  /** Ended, with all of its threads, but not yet collected by its parent. */
  zombie: boolean;
  threads: number;
  /** Hundredths of a second, with those of the children that it has waited for. */
  cpuTicks: number;
}

const NUMBER = /^\d+$/;
/** Where they stand in /proc/<pid>/stat, behind the name: user, system, and both of children. */
const CPU_TIMES = 11;
const THREADS = 17;
/** Bytes; the line has some 50 numbers. */
const STAT_LINE = 2_048;
/** Bytes. Agents may give their processes megabytes of arguments. */
const MOST_READ = 128 * 1024;

/**
 * All processes of this machine (of this pid namespace), from Linux's /proc. Elsewhere there is none to read, and nobody
 * is found: Codex itself still ends by its signal.
 */
export async function readProcesses(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => NUMBER.test(name)).map(Number);
  return (await inBatches(pids, readProcess)).filter((entry) => entry !== null);
}

/** The processes that this one has started; none where the kernel keeps no such list. */
export async function readOwnChildren(): Promise<number[]> {
  const list = await readText(`/proc/self/task/${process.pid}/children`);
  return list
    .split(' ')
    .filter((pid) => NUMBER.test(pid))
    .map(Number);
}

async function readProcess(pid: number): Promise<ProcessEntry | null> {
  const stat = await readText(`/proc/${pid}/stat`, STAT_LINE);
  // `pid (name) state parent …`, and a name may contain anything, parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields;
  if (!state || !parent) return null;
  const threads = Number(fields[THREADS]);
  // A first thread that has ended alone looks the same.
  const zombie = (state === 'Z' || state === 'X') && threads <= 1;
  const cpuTicks = fields.slice(CPU_TIMES, CPU_TIMES + 4).reduce((sum, ticks) => sum + Number(ticks), 0);
  return { pid, parent: Number(parent), zombie, threads, cpuTicks };
}

/** The given ones and all that descend from them. */
export function withDescendants(roots: ProcessEntry[], all: ProcessEntry[]): ProcessEntry[] {
  const childrenOf = new Map<number, ProcessEntry[]>();
  for (const entry of all) {
    const siblings = childrenOf.get(entry.parent);
    if (siblings) siblings.push(entry);
    else childrenOf.set(entry.parent, [entry]);
  }
  const found = new Set(roots);
  // A set's iteration reaches what is added meanwhile.
  for (const entry of found) childrenOf.get(entry.pid)?.forEach((child) => found.add(child));
  return [...found];
}

/** What a process was started with, each part of it ended by a NUL; empty when it does not let itself be read. */
export const readEnvironment = (pid: number): Promise<string> => readText(`/proc/${pid}/environ`);
export const readCommandLine = (pid: number): Promise<string> => readText(`/proc/${pid}/cmdline`);

/** The beginning of the file; empty when the process has gone or does not let itself be read. */
async function readText(path: string, most = MOST_READ): Promise<string> {
  const file = await open(path).catch(() => null);
  if (file === null) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(most), 0, most);
    return buffer.toString('latin1', 0, bytesRead);
  } catch {
    return '';
  } finally {
    await file.close();
  }
}
