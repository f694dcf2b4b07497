import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { removeTree } from './remove-tree.js';
import { WorkspacePaths } from './workspace-paths.js';

/** How long a stopping service waits for the trash; the next start goes on with it. */
const PATIENCE_MS = 2_000;

/**
 * Removes folders in two steps: a rename, at once, and the deleting, in the background and one after the other.
 * What a stopped process left in the trash goes at the next start.
 */
@Injectable()
export class Trash implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(Trash.name);
  private emptying: Promise<void> = Promise.resolve();

  constructor(private readonly paths: WorkspacePaths) {}

  onModuleInit(): Promise<void> {
    return this.empty();
  }

  /** Deletes, in the background, also what others have left there. */
  async empty(): Promise<void> {
    const left = await readdir(this.paths.trash).catch(() => []);
    for (const name of left) this.delete(join(this.paths.trash, name));
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.race([this.emptying, delay(PATIENCE_MS, undefined, { ref: false })]);
  }

  /** One that does not exist is no error. */
  async discard(folder: string): Promise<void> {
    const target = join(this.paths.trash, `${basename(folder)}-${randomUUID()}`);
    await mkdir(this.paths.trash, { recursive: true });
    try {
      await rename(folder, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    this.delete(target);
  }

  private delete(folder: string): void {
    this.emptying = this.emptying
      .then(() => removeTree(folder))
      .catch((error: Error) =>
        this.logger.error(`The trash cannot be emptied: ${error.message}`, error.stack),
      );
  }
}
