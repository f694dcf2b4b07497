import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';

/*
 * At most MAX_CONCURRENT_RUNS runs of this runner work at the same time. A run that waits for a person gives its place back:
 *
 *     queue ──take──► works ──rest──► rests ──resume──► works ──leave──►
 *                       ▲                       │
 *                       └── as soon as one is free, before anything from the queue
 *
 * A run that waits for a place has none, so no two runs wait for each other. Resting runs have processes, so MAX_WAITING_RUNS
 * limits their number: further ones keep their place.
 */

type Settings = Pick<Config, 'MAX_CONCURRENT_RUNS' | 'MAX_WAITING_RUNS'>;

/** The place of one run. */
export interface WorkPlace {
  /** Gives it back until `resume`, if as many runs may rest. */
  rest(): void;
  /** Resolves when the run has a place again, when the signal aborts, or when the run has left. */
  resume(signal: AbortSignal): Promise<void>;
  /** The run has ended. */
  leave(): void;
}

@Injectable()
export class WorkPlaces {
  private readonly working = new Set<Holder>();
  private readonly resting = new Set<Holder>();
  /** Those of the resting ones that are to work again, in order. */
  private readonly returning = new Map<Holder, Resumption>();
  private onChange: () => void = () => undefined;

  constructor(@Inject(CONFIG) private readonly settings: Settings) {}

  /** How many runs this runner may hold now: those that rest, and one per place. */
  get capacity(): number {
    return this.settings.MAX_CONCURRENT_RUNS + this.resting.size;
  }

  /** @param listener is called when the capacity may have changed */
  onCapacityChange(listener: () => void): void {
    this.onChange = listener;
  }

  /** @returns null when none is free */
  take(): WorkPlace | null {
    if (!this.hasRoom) return null;
    const holder = new Holder();
    this.working.add(holder);
    return {
      rest: () => this.rest(holder),
      resume: (signal) => this.resume(holder, signal),
      leave: () => this.leave(holder),
    };
  }

  private get hasRoom(): boolean {
    return this.working.size < this.settings.MAX_CONCURRENT_RUNS;
  }

  private rest(holder: Holder): void {
    if (this.resting.size >= this.settings.MAX_WAITING_RUNS || !this.working.delete(holder)) return;
    this.resting.add(holder);
    this.passOn();
  }

  private async resume(holder: Holder, signal: AbortSignal): Promise<void> {
    if (!this.resting.has(holder) || signal.aborted) return;
    const resumption = this.returning.get(holder) ?? new Resumption();
    this.returning.set(holder, resumption);
    const giveUp = () => this.stopReturning(holder);
    signal.addEventListener('abort', giveUp);
    this.passOn();
    await resumption.done;
    signal.removeEventListener('abort', giveUp);
  }

  private leave(holder: Holder): void {
    this.stopReturning(holder);
    this.resting.delete(holder);
    this.working.delete(holder);
    this.passOn();
  }

  private stopReturning(holder: Holder): void {
    this.returning.get(holder)?.resolve();
    this.returning.delete(holder);
  }

  /** Gives free places to those who return. */
  private passOn(): void {
    for (const holder of this.returning.keys()) {
      if (!this.hasRoom) break;
      this.resting.delete(holder);
      this.working.add(holder);
      this.stopReturning(holder);
    }
    this.onChange();
  }
}

/** Stands for a run. */
class Holder {}

class Resumption {
  resolve: () => void = () => undefined;
  readonly done = new Promise<void>((resolve) => (this.resolve = resolve));
}
