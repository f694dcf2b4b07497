import { setTimeout as delay } from 'node:timers/promises';
import type { Readiness } from '@saas-codex/contracts/system';

/** Something that a service needs for its work. */
export interface ReadinessCheck {
  name: string;
  /** Fails when it is not there. */
  check: () => Promise<unknown>;
  /** What is told then, and nothing of the error: a sentence for an operator. */
  otherwise: string;
  /** For how long a result counts, in ms: however many ask, the dependency is asked once in that time. */
  everyMs?: number;
  /** How long an answer may take, in ms; later is not ready. */
  deadlineMs?: number;
}

type Result = Readiness['checks'][number];

const EVERY_MS = 1_000;
const DEADLINE_MS = 2_000;

/** What a service needs, looked at when somebody asks. One that hangs neither keeps the answer nor hides the others. */
export class ReadinessChecks {
  private readonly latest = new Map<ReadinessCheck, { result: Promise<Result>; until: number }>();

  constructor(private readonly checks: ReadinessCheck[]) {}

  /** All results, in the checks' order. */
  results(): Promise<Result[]> {
    return Promise.all(this.checks.map((check) => this.resultOf(check)));
  }

  private resultOf(check: ReadinessCheck): Promise<Result> {
    const known = this.latest.get(check);
    if (known && known.until > performance.now()) return known.result;
    const result = look(check);
    this.latest.set(check, { result, until: performance.now() + (check.everyMs ?? EVERY_MS) });
    return result;
  }
}

async function look({ name, check, otherwise, deadlineMs = DEADLINE_MS }: ReadinessCheck): Promise<Result> {
  const passed = new AbortController();
  const late = delay(deadlineMs, undefined, { signal: passed.signal, ref: false }).then(() => {
    throw new Error('no answer in time');
  });
  try {
    await Promise.race([check(), late]);
    return { name, ready: true, reason: null };
  } catch {
    return { name, ready: false, reason: otherwise };
  } finally {
    late.catch(() => undefined);
    passed.abort();
  }
}
