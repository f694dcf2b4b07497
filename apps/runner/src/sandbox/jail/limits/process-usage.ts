import { readdir, readFile } from 'node:fs/promises';
import { inBatches, type ProcessEntry } from '../process-table.js';

/** What a run's processes use together. */
export interface ProcessUsage {
  /** Processes and their threads, as RLIMIT_NPROC counts. */
  tasks: number;
  /** Of the living processes, and of their children that they have waited for. */
  cpuSeconds: number;
}

/** Of /proc; the same on every Linux. */
const TICKS_PER_SECOND = 100;

export const processUsage = (processes: ProcessEntry[]): ProcessUsage => ({
  tasks: processes.reduce((sum, { threads }) => sum + threads, 0),
  cpuSeconds: processes.reduce((sum, { cpuTicks }) => sum + cpuTicks, 0) / TICKS_PER_SECOND,
});

/**
 * Bytes that the processes hold in memory or in swap, without the files that they have mapped. The first, cheap pass counts
 * shared memory once per process, also the pages that a forked process still shares. Only when that exceeds `limit`, a second
 * pass divides shared memory among its users.
 */
export async function memoryOf(processes: ProcessEntry[], limit: number): Promise<number> {
  const upperBounds = await inBatches(processes, async ({ pid }) => ({
    pid,
    bytes: await residentBytes(pid),
  }));
  const upperBound = sum(upperBounds.map(({ bytes }) => bytes));
  if (upperBound <= limit) return upperBound;
  return sum(await inBatches(upperBounds, async ({ pid, bytes }) => (await proportionalBytes(pid)) ?? bytes));
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

/** A process whose first thread has ended shows its memory only in its other threads. */
async function residentBytes(pid: number): Promise<number> {
  const names = ['RssAnon', 'RssShmem', 'VmSwap'];
  const bytes = await bytesIn(`/proc/${pid}/status`, names);
  if (bytes !== null) return bytes;
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const all = await inBatches(threads, (id) => bytesIn(`/proc/${pid}/task/${id}/status`, names));
  return all.find((found) => found !== null) ?? 0;
}

/** null: the process has ended, or cannot be examined. */
const proportionalBytes = (pid: number): Promise<number | null> =>
  bytesIn(`/proc/${pid}/smaps_rollup`, ['Pss_Anon', 'Pss_Shmem', 'SwapPss']);

/** The sum of the lines with these names, `Name:  123 kB`; null when there are none. */
async function bytesIn(path: string, names: string[]): Promise<number | null> {
  const text = await readFile(path, 'latin1').catch(() => '');
  const lines = names.flatMap((name) => new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? []);
  return lines.length === 0 ? null : sum(lines.map(Number)) * 1024;
}
