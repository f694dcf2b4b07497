import { setTimeout as delay } from 'node:timers/promises';
import type { Readiness } from '@saas-codex/contracts/system';

/*
 * Our own, not @nestjs/terminus: it neither caches results nor limits the time of a check, and answers in its own format,
 * so the code below and a translation to our public `Readiness` would remain.
 */

/** A dependency of a service. */
export interface ReadinessCheck {
  name: string;
  /** Rejects when the dependency is not available. */
  check: () => Promise<unknown>;
  /** The public reason in that case, a sentence for an operator. The error itself is never shown. */
  otherwise: string;
  /** How long a result is cached, in ms. The dependency is checked once in that time, however many requests come. */
  everyMs?: number;
  /** Timeout of the check, in ms. After that, the dependency counts as not ready. */
  deadlineMs?: number;
}

type Result = Readiness['checks'][number];

const EVERY_MS = 1_000;
const DEADLINE_MS = 2_000;

/** Checks a service's dependencies on request. One that hangs neither delays the response nor hides the others. */
export class ReadinessChecks {
  private readonly cache = new Map<ReadinessCheck, { result: Promise<Result>; until: number }>();

  constructor(private readonly checks: ReadinessCheck[]) {}

  /** All results, in the order of the checks. Never rejects. */
  runAll(): Promise<Result[]> {
    return Promise.all(this.checks.map((check) => this.cachedResult(check)));
  }

  private cachedResult(check: ReadinessCheck): Promise<Result> {
    const cached = this.cache.get(check);
    if (cached && cached.until > performance.now()) return cached.result;
    const result = runCheck(check);
    this.cache.set(check, { result, until: performance.now() + (check.everyMs ?? EVERY_MS) });
    return result;
  }
}

async function runCheck({
  name,
  check,
  otherwise,
  deadlineMs = DEADLINE_MS,
}: ReadinessCheck): Promise<Result> {
  const passed = new AbortController();
  const timeout = delay(deadlineMs, undefined, { signal: passed.signal, ref: false }).then(() => {
    throw new Error('timed out');
  });
  try {
    await Promise.race([check(), timeout]);
    return { name, ready: true, reason: null };
  } catch {
    return { name, ready: false, reason: otherwise };
  } finally {
    timeout.catch(() => undefined);
    passed.abort();
  }
}
