import { setTimeout as delay } from 'node:timers/promises';

/** Waits for `work`, but no longer than `ms`. The work continues after that. */
export async function waitAtMost(ms: number, work: Promise<void>): Promise<void> {
  const done = new AbortController();
  const timeout = delay(ms, undefined, { signal: done.signal, ref: false }).catch(() => undefined);
  await Promise.race([work, timeout]);
  done.abort();
}
