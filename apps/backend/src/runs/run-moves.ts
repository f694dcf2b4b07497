import { EventEmitter, once } from 'node:events';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';

/** After this time a waiter looks again, since a report may be lost. */
const LOOK_AGAIN_MS = 2_000;

/** Requests of a tenant that may wait at one backend at the same time. */
const MAX_WAITING_PER_TENANT = 100;

/** Wakes up the requests that wait until a run has moved. */
@Injectable()
export class RunMoves implements BeforeApplicationShutdown {
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private readonly waiting = new Map<string, number>();
  private readonly stopping = new AbortController();

  /** A run's status has changed. */
  report(runId: string): void {
    this.emitter.emit(runId);
  }

  /** Resolves when the run has moved, when it is time to look again, or when `signal` aborts. */
  async next(runId: string, signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, AbortSignal.timeout(LOOK_AGAIN_MS)]);
    await once(this.emitter, runId, { signal: over }).catch(() => undefined);
  }

  /**
   * Calls `wait` unless too many requests of the tenant wait already. Its signal also aborts when the process stops.
   * @returns null when it was not called
   */
  async withPlace<T>(
    tenantId: string,
    signal: AbortSignal,
    wait: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | null> {
    const count = this.waiting.get(tenantId) ?? 0;
    if (count >= MAX_WAITING_PER_TENANT) return null;
    this.waiting.set(tenantId, count + 1);
    try {
      return await wait(AbortSignal.any([signal, this.stopping.signal]));
    } finally {
      const left = (this.waiting.get(tenantId) ?? 1) - 1;
      if (left > 0) this.waiting.set(tenantId, left);
      else this.waiting.delete(tenantId);
    }
  }

  /** Before the HTTP server closes, since it waits for open requests. */
  beforeApplicationShutdown(): void {
    this.stopping.abort();
  }
}
