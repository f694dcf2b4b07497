import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';

/**
 * Work that is looked for again and again, for as long as the backend runs:
 *
 *     start ──► work() ──more is waiting──► work() at once
 *                 └──done, or it failed──► pause ──► work()
 *
 * What fails is logged, and found again by the next look. The backend waits for what it is at when it ends.
 */
export abstract class RepeatedWork implements OnApplicationBootstrap, OnModuleDestroy {
  protected abstract readonly logger: Logger;
  private readonly abort = new AbortController();
  private working: Promise<void> = Promise.resolve();

  /** @param pauseMs between two looks */
  protected constructor(private readonly pauseMs: number) {}

  onApplicationBootstrap(): void {
    this.working = this.repeat();
  }

  async onModuleDestroy(): Promise<void> {
    this.abort.abort();
    await this.working;
  }

  /**
   * Takes a step for each thing. What fails is logged, and does not hold up the others.
   * @returns how many failed
   */
  protected async forEach<T>(things: T[], nameOf: (thing: T) => string, step: (thing: T) => Promise<void>) {
    let failed = 0;
    for (const thing of things) {
      if (this.abort.signal.aborted) break;
      try {
        await step(thing);
      } catch (error) {
        failed++;
        this.report(nameOf(thing), error);
      }
    }
    return failed;
  }

  /** @returns whether more is waiting */
  protected abstract work(): Promise<boolean>;

  private async repeat(): Promise<void> {
    const { signal } = this.abort;
    while (!signal.aborted) {
      const more = await this.work().catch((error: unknown) => {
        this.report('all of it', error);
        return false;
      });
      if (!more) await delay(this.pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private report(what: string, error: unknown): void {
    this.logger.error(`${what} failed, and is tried again: ${String(error)}`, (error as Error).stack);
  }
}
