import { setTimeout as delay } from 'node:timers/promises';

/**
 * Polls a condition every 20 ms until it is true.
 * @param {() => boolean | Promise<boolean>} condition
 * @param {import('node:child_process').ChildProcess | undefined} child the wait fails when it ends
 * @param {() => string} explain the message of a failure
 * @param {number} [timeoutMs]
 */
export async function waitUntil(condition, child, explain, timeoutMs = 30_000) {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline || (child && hasEnded(child))) throw new Error(explain());
    await delay(20);
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
