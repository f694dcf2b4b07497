import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

/** Of `utime` and `stime` in /proc: USER_HZ, which Linux has fixed. */
const TICKS_PER_SECOND = 100;

/**
 * @param {number[]} roots
 * @returns {number} seconds of the processor that they and all below them have used; also those that have ended
 */
export const cpuSeconds = (roots) =>
  sumOf(roots, (pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // utime, stime, and the same two of children that have ended.
    const times = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15);
    return times.reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
  });

/** @param {number[]} roots @returns {number} KB that they and all below them hold, what they share counted once */
export const memoryKb = (roots) =>
  sumOf(roots, (pid) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0),
  );

/** @param {number[]} roots @param {(pid: number) => number} measure */
const sumOf = (roots, measure) =>
  roots.flatMap(processTree).reduce((sum, pid) => sum + (unlessGone(() => measure(pid)) ?? 0), 0);

/** @param {number} parent @returns {number[]} it and all below it */
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

/** The machine's load, to be read beside every number. */
export const loadAverage = () => Number((loadavg()[0] ?? 0).toFixed(1));
