import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ClientProxy } from '@nestjs/microservices';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { Redis } from 'ioredis';
import { lastValueFrom } from 'rxjs';
import { ActiveRuns } from './active-runs.js';

/*
 * How a cancel reaches the runner that holds the run.
 *
 *     cancel ──1. SET codex:run:<id>:cancelled──────────────► read before a run starts, and every second while it runs
 *            └─2. broadcast run.cancel to every runner──────► the holder stops it at once
 *
 * The record is what counts; the broadcast makes it fast.
 */

export const RUNNER_BROADCAST = Symbol('client of the runners’ broadcast');
export const CANCEL_PATTERN = 'run.cancel';
export interface CancelMessage {
  runId: string;
}

/** Longer than any run waits or works. */
const RECORD_SECONDS = 7 * 24 * 60 * 60;
const LOOK_MS = 1_000;

@Injectable()
export class Cancellations implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly redis: Redis,
    private readonly active: ActiveRuns,
    @Inject(RUNNER_BROADCAST) private readonly broadcast: ClientProxy,
  ) {}

  /** From now on the run cannot start, on any runner. */
  async record(runId: string): Promise<void> {
    await this.redis.set(REDIS_KEYS.runCancelled(runId), '1', 'EX', RECORD_SECONDS);
  }

  async isRecorded(runId: string): Promise<boolean> {
    return (await this.redis.exists(REDIS_KEYS.runCancelled(runId))) === 1;
  }

  /** Tells every runner; the one that holds the run stops it. */
  async announce(runId: string): Promise<void> {
    await lastValueFrom(this.broadcast.emit<unknown, CancelMessage>(CANCEL_PATTERN, { runId }), {
      defaultValue: undefined,
    });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.lookForMissed().catch(() => undefined), LOOK_MS);
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Stops what was cancelled while this runner did not hear the broadcast. Redis away: the next look does it. */
  private async lookForMissed(): Promise<void> {
    const ids = this.active.ids;
    if (ids.length === 0) return;
    const records = await this.redis.mget(ids.map((runId) => REDIS_KEYS.runCancelled(runId)));
    ids.forEach((runId, index) => {
      if (records[index]) this.active.stop(runId, 'cancelled');
    });
  }
}
