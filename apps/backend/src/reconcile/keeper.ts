import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { SessionLoop, SessionRef } from './session-loop.js';

/** A session loop that runs for as long as the application does. */
export abstract class Keeper implements OnApplicationBootstrap, OnModuleDestroy {
  protected abstract readonly loop: SessionLoop;

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.loop.stop();
  }

  /** @returns a promise that resolves when nothing more can be done for the session now. */
  keep(ref: SessionRef): Promise<void> {
    return this.loop.kick(ref);
  }
}
