import { setTimeout as delay } from 'node:timers/promises';

interface Waiting {
  timeoutMs?: number;
  /** Pause between two probes; longer if a probe is expensive. */
  everyMs?: number;
  what?: string;
}

/** Polls until `probe` returns a truthy value, and returns it. Fails with the last error after the timeout. */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { timeoutMs = 20_000, everyMs = 25, what = 'the condition' }: Waiting = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: failure });
    await delay(everyMs);
  }
}
