import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

/** Ticks per second of `utime` and `stime` in /proc: USER_HZ, which is fixed on Linux. */
const TICKS_PER_SECOND = 100;

/**
 * @param {number[]} roots
 * @returns {number} CPU seconds of these processes and their descendants, including those that have ended
 */
export const cpuSeconds = (roots) =>
  sumOf(roots, (pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // utime and stime, and the same of children that have ended.
    const times = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15);
    return times.reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
  });

/** @param {number[]} roots @returns {number} KB of these processes and their descendants, with shared memory counted once */
export const memoryKb = (roots) =>
  sumOf(roots, (pid) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0),
  );

/** @param {number[]} roots @param {(pid: number) => number} measure */
const sumOf = (roots, measure) =>
  roots.flatMap(processTree).reduce((sum, pid) => sum + (unlessGone(() => measure(pid)) ?? 0), 0);

/** @param {number} parent @returns {number[]} the process and its descendants */
function processTree(parent) {
  const tasks = unlessGone(() => readdirSync(`/proc/${parent}/task`)) ?? [];
  const children = tasks.flatMap((task) => {
    const list = unlessGone(() => readFileSync(`/proc/${parent}/task/${task}/children`, 'utf8')) ?? '';
    return list.split(' ').filter(Boolean).map(Number);
  });
  return [parent, ...children.flatMap(processTree)];
}

/** @template T @param {() => T} look at a process @returns {T | undefined} */
function unlessGone(look) {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** The machine's load, shown beside every number. */
export const loadAverage = () => Number((loadavg()[0] ?? 0).toFixed(1));
