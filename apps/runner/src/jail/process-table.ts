import { readdir, readFile } from 'node:fs/promises';

export interface ProcessEntry {
  pid: number;
  parent: number;
  /** Ended, but not yet collected by its parent. */
  zombie: boolean;
}

const NUMBER = /^\d+$/;

/**
 * All processes of this machine (of this pid namespace), from Linux's /proc. Elsewhere there is none to read, and nobody
 * is found: Codex itself still ends by its signal.
 */
export async function readProcesses(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => NUMBER.test(name)).map(Number);
  return (await Promise.all(pids.map(readProcess))).filter((entry) => entry !== null);
}

async function readProcess(pid: number): Promise<ProcessEntry | null> {
  const stat = await readText(`/proc/${pid}/stat`);
  // `pid (name) state parent …`, and a name may contain anything, parentheses too.
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state && parent ? { pid, parent: Number(parent), zombie: state === 'Z' || state === 'X' } : null;
}

/**
 * True when the text stands in the process's environment or command line. The environment of a process that guards
 * itself against being read cannot be seen; its command line always can.
 */
export async function isMarked(pid: number, marker: string): Promise<boolean> {
  const [environment, commandLine] = await Promise.all([
    readText(`/proc/${pid}/environ`),
    readText(`/proc/${pid}/cmdline`),
  ]);
  return environment.includes(marker) || commandLine.includes(marker);
}

/** Empty when the process has gone or does not let itself be read. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch {
    return '';
  }
}
