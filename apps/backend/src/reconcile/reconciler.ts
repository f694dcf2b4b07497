import { setTimeout as delay } from 'node:timers/promises';
import {
  Logger,
  type LoggerService,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { FairPlaces, type Places } from '@saas-codex/service-kit/fair-places';
import pLimit from 'p-limit';

/**
 * done: nothing is left to do now. more: the next step can be taken at once, after other tenants' turns. retry: something
 * is in the way, say a runner that is away or another backend.
 */
export type ReconcileResult = 'done' | 'more' | 'retry';

/** A piece of work, as a scan finds it. Without `dueAt` it is due now. */
export type Due<Item> = Item & { dueAt?: Date };

export interface ReconcilerOptions<Item> {
  /** Items with the same key are one piece of work. */
  keyOf: (item: Item) => string;
  /** Whose work the item is. Default: all of it is the installation's own. */
  tenantOf?: (item: Item) => string;
  /** How many items are worked on at the same time. */
  places: Places;
  /** Pause between two scans; default 10 s. */
  scanEveryMs?: number;
  /** Time and log are passed in by specs. */
  timing?: Partial<ReconcilerTiming>;
  logger?: Pick<LoggerService, 'error'>;
}

export interface ReconcilerTiming {
  now: () => number;
  /** Resolves or rejects early when the signal aborts. */
  delay: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** Pause before attempt 2, 3 … @param failures 0, 1 … */
  retryAfterMs: (failures: number) => number;
}

const REAL_TIME: ReconcilerTiming = {
  now: Date.now,
  delay: (ms, signal) => delay(ms, undefined, { signal, ref: false }),
  retryAfterMs: (failures) => Math.min(100 * 2 ** failures, 5_000),
};

interface Entry<Item> {
  item: Item;
  /** Something has changed since the last attempt began: one more is needed. */
  kicked: boolean;
  /** Cancels the attempt that is under way. */
  abort: AbortController;
  /** Ends the pause before the next attempt. */
  wake: AbortController;
  finished: Promise<void>;
}

/**
 * Brings things to where the database says they should be. It runs for as long as the backend does.
 *
 *     scan: at start, every few seconds ─► items that are due ─┐
 *     kick: something changed ─────────────────────────────────┴─► reconcile(item) ─► done
 *                                                                     ▲      │ more: at once
 *                                                                     └──────┘ retry, or it threw: after a growing pause
 *
 * The work is read from the database each time and never carried in memory. So the first attempt, a retry, and what a
 * crash or another backend left behind all take the same path, and `reconcile` may be called at any time, for any item,
 * any number of times. Each key is worked on by one call at a time; kicks during a call merge into one more call.
 *
 * A call takes one of the tenant's places (`FairPlaces`). It may wait there for a host or a work tree that an attacker
 * controls, since that holds up nobody but the attacker's own tenant. A pause before a retry takes no place.
 */
export abstract class Reconciler<Item extends object> implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly entries = new Map<string, Entry<Item>>();
  private readonly stopping = new AbortController();
  private readonly places: FairPlaces;
  private readonly oneScan = pLimit(1);
  private readonly timing: ReconcilerTiming;
  private readonly scanEveryMs: number;
  private readonly errors: Pick<LoggerService, 'error'>;
  private scanning: Promise<void> = Promise.resolve();

  protected constructor(private readonly options: ReconcilerOptions<Item>) {
    this.places = new FairPlaces(options.places);
    this.timing = { ...REAL_TIME, ...options.timing };
    this.scanEveryMs = options.scanEveryMs ?? 10_000;
    this.errors = options.logger ?? new Logger(this.constructor.name);
  }

  /** Finds work of every tenant, in pages. An item that is due after the next scan is ignored: that scan finds it again. */
  protected abstract scan(): AsyncIterable<Due<Item>[]>;

  /** Takes the item as far as it goes now. @param signal aborts when the attempt is out of date or the backend stops */
  protected abstract reconcile(item: Item, signal: AbortSignal): Promise<ReconcileResult>;

  onApplicationBootstrap(): void {
    this.scanning = this.scanUntilStopped();
  }

  /** Cancels the work and waits until none is under way. The next start finds what was not done. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    for (const entry of this.entries.values()) {
      entry.abort.abort();
      entry.wake.abort();
    }
    await Promise.all([this.scanning, ...[...this.entries.values()].map((entry) => entry.finished)]);
  }

  /** Reconciles the item soon, since something has changed. @returns a promise that resolves when nothing is left to do */
  async kick(item: Item): Promise<void> {
    const present = this.entries.get(this.options.keyOf(item));
    if (present) {
      present.kicked = true;
      present.wake.abort();
    }
    await (present ?? this.enter(item)).finished;
  }

  /** As `kick`, and cancels the attempt that is under way because it is out of date. */
  interrupt(item: Item): Promise<void> {
    this.entries.get(this.options.keyOf(item))?.abort.abort();
    return this.kick(item);
  }

  /**
   * Scans after the scan that is under way, if there is one.
   * @returns `settled`, which resolves when nothing is left to do for what the scan found
   */
  scanNow(): Promise<{ settled: Promise<unknown> }> {
    return this.oneScan(async () => {
      const found: Promise<void>[] = [];
      try {
        for await (const page of this.scan()) {
          if (this.stopping.signal.aborted) break;
          found.push(...page.flatMap((item) => this.found(item)?.finished ?? []));
        }
      } catch (error) {
        this.report('scan', error);
      }
      return { settled: Promise.all(found) };
    });
  }

  private async scanUntilStopped(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.scanNow();
      await this.pause(this.scanEveryMs, signal);
    }
  }

  /** An item that is being worked on already may have been read before it changed, so it gets one more attempt. */
  private found(item: Due<Item>): Entry<Item> | null {
    const waitMs = item.dueAt ? item.dueAt.getTime() - this.timing.now() : 0;
    if (waitMs > this.scanEveryMs) return null;
    const present = this.entries.get(this.options.keyOf(item));
    if (!present) return this.enter(item, waitMs);
    present.kicked = true;
    return present;
  }

  private enter(item: Item, waitMs = 0): Entry<Item> {
    const entry: Entry<Item> = {
      item,
      kicked: false,
      abort: new AbortController(),
      wake: new AbortController(),
      finished: Promise.resolve(),
    };
    if (this.stopping.signal.aborted) return entry;
    this.entries.set(this.options.keyOf(item), entry);
    entry.finished = this.work(entry, waitMs);
    return entry;
  }

  private async work(entry: Entry<Item>, waitMs: number): Promise<void> {
    const { tenantOf = () => '' } = this.options;
    const tenant = tenantOf(entry.item);
    if (waitMs > 0) await this.pause(waitMs, entry.wake.signal);
    let failures = 0;
    let result: ReconcileResult;
    do {
      result = await this.places.run(tenant, () => this.attempt(entry));
      if (result === 'retry') await this.pause(this.timing.retryAfterMs(failures++), entry.wake.signal);
      else failures = 0;
    } while ((result !== 'done' || entry.kicked) && !this.stopping.signal.aborted);
    this.entries.delete(this.options.keyOf(entry.item));
  }

  private async attempt(entry: Entry<Item>): Promise<ReconcileResult> {
    if (this.stopping.signal.aborted) return 'done';
    entry.kicked = false;
    entry.abort = new AbortController();
    entry.wake = new AbortController();
    const { signal } = entry.abort;
    try {
      return await this.reconcile(entry.item, signal);
    } catch (error) {
      if (!signal.aborted) this.report(this.options.keyOf(entry.item), error);
      return 'retry';
    }
  }

  private async pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.timing.delay(ms, signal).catch(() => undefined);
  }

  private report(key: string, error: unknown): void {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const reconciler = this.constructor.name;
    this.errors.error({ message: `${reconciler}, ${key}: ${message}`, reconciler, key }, stack);
  }
}
