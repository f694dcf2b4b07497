import { setTimeout as delay } from 'node:timers/promises';

interface Waiting {
  timeoutMs?: number;
  /** Between two looks; longer where a look is costly. */
  everyMs?: number;
  what?: string;
}

/** Polls until `probe` answers something truthy and gives that back; fails with the last error after the timeout. */
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
