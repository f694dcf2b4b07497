import { setTimeout as delay } from 'node:timers/promises';

/**
 * How long a test waits for a condition before it fails. A passing test never waits so long, also on a machine several
 * times slower than ours: so it is one number for all tests, and says nothing about speed.
 */
export const PATIENCE_MS = 120_000;

interface Waiting {
  timeoutMs?: number;
  /** The first pause between two probes; longer if a probe is expensive. */
  everyMs?: number;
  what?: string;
}

/** A probe may take as much of the processor as what it waits for. So the pauses grow to an eighth of the time waited. */
const LONGEST_PAUSE_MS = 200;

/** Polls until `probe` returns a truthy value, and returns it. Fails with the last error after the timeout. */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { timeoutMs = PATIENCE_MS, everyMs = 25, what = 'the condition' }: Waiting = {},
): Promise<NonNullable<T>> {
  const begun = Date.now();
  for (;;) {
    let failure: unknown;
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      failure = error;
    }
    const waited = Date.now() - begun;
    if (waited > timeoutMs) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: failure });
    await delay(Math.max(everyMs, Math.min(waited / 8, LONGEST_PAUSE_MS)));
  }
}
