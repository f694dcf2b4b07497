import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 200;

/**
 * Polls a condition until it is true. The pauses grow to an eighth of the time waited, since a condition may cost as much of the
 * processor as what it waits for.
 * @param {() => boolean | Promise<boolean>} condition
 * @param {import('node:child_process').ChildProcess | undefined} child the wait fails when it ends
 * @param {() => string} explain the message of a failure
 * @param {number} [timeoutMs]
 */
export async function waitUntil(condition, child, explain, timeoutMs = 30_000) {
  const begun = Date.now();
  while (!(await condition())) {
    const waited = Date.now() - begun;
    if (waited > timeoutMs || (child && hasEnded(child))) throw new Error(explain());
    await delay(Math.max(FIRST_PAUSE_MS, Math.min(waited / 8, LONGEST_PAUSE_MS)));
  }
}

/** @param {import('node:child_process').ChildProcess} child */
export const hasEnded = (child) =>
  child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

/**
 * Stops a process with `signal`, and kills it if it still runs after `graceMs`.
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 * @param {number} graceMs
 */
export async function stopProcess(child, signal, graceMs) {
  if (hasEnded(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
}
