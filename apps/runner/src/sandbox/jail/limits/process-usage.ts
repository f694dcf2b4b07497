import { readdir, readFile } from 'node:fs/promises';
import { inBatches } from '../in-batches.js';
import type { ProcessEntry } from '../process-table.js';

/** What a run's processes take together. */
export interface ProcessUsage {
  /** Processes and their threads, as RLIMIT_NPROC counts. */
  tasks: number;
  /** Of those that live, and of the children that they have waited for. */
  cpuSeconds: number;
}

/** Of /proc; it is the same on every Linux. */
const TICKS_PER_SECOND = 100;

export const usageOf = (processes: ProcessEntry[]): ProcessUsage => ({
  tasks: processes.reduce((sum, { threads }) => sum + threads, 0),
  cpuSeconds: processes.reduce((sum, { cpuTicks }) => sum + cpuTicks, 0) / TICKS_PER_SECOND,
});

/**
 * Bytes that the processes hold in memory or in swap, without the files that they have mapped. What they share (copies of
 * a process that has forked, shared memory) counts once for each in the first and cheap look; only when that is above
 * `limit`, a second one shares it out.
 */
export async function memoryOf(processes: ProcessEntry[], limit: number): Promise<number> {
  const atMost = await inBatches(processes, async ({ pid }) => ({ pid, bytes: await heldBy(pid) }));
  const most = sum(atMost.map(({ bytes }) => bytes));
  if (most <= limit) return most;
  return sum(await inBatches(atMost, async ({ pid, bytes }) => (await shareOf(pid)) ?? bytes));
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

/** A process whose first thread has ended tells it of the other ones only. */
async function heldBy(pid: number): Promise<number> {
  const names = ['RssAnon', 'RssShmem', 'VmSwap'];
  const held = await kilobytesIn(`/proc/${pid}/status`, names);
  if (held !== null) return held;
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const all = await inBatches(threads, (id) => kilobytesIn(`/proc/${pid}/task/${id}/status`, names));
  return all.find((of) => of !== null) ?? 0;
}

/** null: the process has gone, or does not let itself be looked into. */
const shareOf = (pid: number): Promise<number | null> =>
  kilobytesIn(`/proc/${pid}/smaps_rollup`, ['Pss_Anon', 'Pss_Shmem', 'SwapPss']);

/** The sum of the lines of these names, `Name:  123 kB`, in bytes; null when there are none. */
async function kilobytesIn(path: string, names: string[]): Promise<number | null> {
  const text = await readFile(path, 'latin1').catch(() => '');
  const lines = names.flatMap((name) => new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? []);
  return lines.length === 0 ? null : sum(lines.map(Number)) * 1024;
}
