import { Injectable } from '@nestjs/common';
import type { LimitPassed } from '../sandbox/jail/limits/limits.js';

/**
 * Why a run is ended from outside: by a person, because its time is up or it takes more than it may, because this
 * runner goes, or because the run is not ours any more.
 */
export type StopReason = 'cancelled' | 'timeout' | 'shutdown' | 'lost' | LimitPassed;

/** A run that this runner works on. */
export class ActiveRun {
  private readonly abort = new AbortController();
  private stopReason: StopReason | null = null;

  constructor(readonly runId: string) {}

  /** Aborted when the run is to stop. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  get stoppedFor(): StopReason | null {
    return this.stopReason;
  }

  /** The first reason counts. */
  stop(reason: StopReason): void {
    this.stopReason ??= reason;
    this.abort.abort();
  }
}

/** The runs that this process works on now. */
@Injectable()
export class ActiveRuns {
  private readonly runs = new Map<string, ActiveRun>();
  private stopsAllFor: StopReason | null = null;

  get ids(): string[] {
    return [...this.runs.keys()];
  }

  /** Works on a run; for as long as that takes, it can be stopped. */
  async hold<T>(runId: string, work: (run: ActiveRun) => Promise<T>): Promise<T> {
    const run = new ActiveRun(runId);
    this.runs.set(runId, run);
    if (this.stopsAllFor) run.stop(this.stopsAllFor);
    try {
      return await work(run);
    } finally {
      this.runs.delete(runId);
    }
  }

  /** Does nothing when this runner does not hold the run. */
  stop(runId: string, reason: StopReason): void {
    this.runs.get(runId)?.stop(reason);
  }

  /** Those that are held now, and whatever may still come. */
  stopAll(reason: StopReason): void {
    this.stopsAllFor = reason;
    for (const run of this.runs.values()) run.stop(reason);
  }
}
