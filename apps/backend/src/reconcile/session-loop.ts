import { setTimeout as delay } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import { Turns } from '@saas-codex/service-kit/turns';

export interface SessionRef {
  tenantId: string;
  sessionId: string;
}

/** done: nothing is left to do now. again: something is in the way (the runner is away, another backend is at it). */
export type Outcome = 'done' | 'again';

export interface SessionLoopOptions {
  name: string;
  /** Sessions that have something to do, of every tenant. */
  scan: () => Promise<SessionRef[]>;
  /** Does it, from what the database says; may be called at any time, for any session, any number of times. */
  attend: (ref: SessionRef, signal: AbortSignal) => Promise<Outcome>;
  /** Sessions that are worked at the same time. */
  concurrency: number;
  logger: Pick<LoggerService, 'error'>;
  /** Time is handed in, so that tests need not wait. */
  timing?: Partial<Timing>;
}

export interface Timing {
  delay: (ms: number, signal: AbortSignal) => Promise<unknown>;
  scanEveryMs: number;
  /** Pause before attempt 2, 3 … */
  retryAfterMs: (failures: number) => number;
}

const REAL_TIME: Timing = {
  delay: (ms, signal) => delay(ms, undefined, { signal, ref: false }),
  scanEveryMs: 10_000,
  retryAfterMs: (failures) => Math.min(100 * 2 ** failures, 5_000),
};

interface Entry {
  ref: SessionRef;
  /** Kicked while it was worked on: once more. */
  kicked: boolean;
  /** Breaks off the work. */
  abort: AbortController;
  /** Ends the pause before the next attempt. */
  wake: AbortController;
  finished: Promise<void>;
}

/**
 * Drives sessions to where the database says they should be.
 *
 *      scan: at start, every 10 s ─┐
 *      kick: something changed ────┴─► attend(session) ─► done
 *                                         ▲      │ again, or it threw
 *                                         └──────┘ after a growing pause
 *
 * The work is always read from the database and never carried in memory, so that there is one way for the first
 * try, for a retry, for what a crash left behind, and for what another backend left behind. One session is worked
 * by one call at a time; kicks that come meanwhile fall together into one more call.
 */
export class SessionLoop {
  private readonly entries = new Map<string, Entry>();
  private readonly stopping = new AbortController();
  private readonly timing: Timing;
  private readonly turns: Turns;
  private scanning: Promise<void> = Promise.resolve();

  constructor(private readonly options: SessionLoopOptions) {
    this.timing = { ...REAL_TIME, ...options.timing };
    this.turns = new Turns(options.concurrency);
  }

  start(): void {
    this.scanning = this.scanUntilStopped();
  }

  /** Ends when nothing is worked on any more. What was not done is found again by the next start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    for (const entry of this.entries.values()) {
      entry.abort.abort();
      entry.wake.abort();
    }
    await Promise.all([this.scanning, ...[...this.entries.values()].map((entry) => entry.finished)]);
  }

  /** Something has changed: attend the session soon. @returns a promise that resolves when it needs nothing more. */
  kick(ref: SessionRef): Promise<void> {
    const present = this.entries.get(ref.sessionId);
    if (present) {
      present.kicked = true;
      present.wake.abort();
      return present.finished;
    }
    if (this.stopping.signal.aborted) return Promise.resolve();
    const entry: Entry = {
      ref,
      kicked: false,
      abort: new AbortController(),
      wake: new AbortController(),
      finished: Promise.resolve(),
    };
    this.entries.set(ref.sessionId, entry);
    entry.finished = this.work(entry);
    return entry.finished;
  }

  /** As `kick`, and what is being done for the session is broken off: it is out of date. */
  interrupt(ref: SessionRef): Promise<void> {
    this.entries.get(ref.sessionId)?.abort.abort();
    return this.kick(ref);
  }

  private async work(entry: Entry): Promise<void> {
    let failures = 0;
    let outcome: Outcome;
    do {
      entry.kicked = false;
      entry.wake = new AbortController();
      outcome = await this.turns.run(() => this.attempt(entry));
      if (outcome === 'done') failures = 0;
      else await this.pause(this.timing.retryAfterMs(failures++), entry.wake.signal);
    } while ((entry.kicked || outcome === 'again') && !this.stopping.signal.aborted);
    this.entries.delete(entry.ref.sessionId);
  }

  private async attempt(entry: Entry): Promise<Outcome> {
    if (this.stopping.signal.aborted) return 'done';
    entry.abort = new AbortController();
    const { signal } = entry.abort;
    try {
      return await this.options.attend(entry.ref, signal);
    } catch (error) {
      if (!signal.aborted) this.report(`session ${entry.ref.sessionId}`, error);
      return 'again';
    }
  }

  private async scanUntilStopped(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        for (const ref of await this.options.scan()) void this.kick(ref);
      } catch (error) {
        this.report('scan', error);
      }
      await this.pause(this.timing.scanEveryMs, this.stopping.signal);
    }
  }

  private async pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.timing.delay(ms, signal).catch(() => undefined);
  }

  private report(what: string, error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    this.options.logger.error(`${this.options.name}, ${what}: ${reason.message}`, reason.stack);
  }
}
