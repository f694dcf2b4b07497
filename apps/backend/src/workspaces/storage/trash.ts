import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { removeTree } from './remove-tree.js';

/** How long a stopping service waits for its deletions. The next start continues them. */
const STOP_TIMEOUT_MS = 2_000;

/**
 * Removes folders in two steps: a rename, at once, and the deletion, in the background and one folder at a time.
 * Everything that a stopped process leaves in the trash is deleted at the next start.
 */
export class Trash {
  private readonly logger = new Logger(Trash.name);
  private deletions: Promise<void> = Promise.resolve();

  /** @param path the trash folder, on the same file system as everything that is moved into it */
  constructor(private readonly path: string) {}

  /** It is no error when there is no such folder. */
  async moveToTrash(folder: string): Promise<void> {
    const target = join(this.path, `${basename(folder)}-${randomUUID()}`);
    await mkdir(this.path, { recursive: true });
    try {
      await rename(folder, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    this.queueDeletion(target);
  }

  /** Starts to delete everything in the trash. */
  async emptyTrash(): Promise<void> {
    const names = await readdir(this.path).catch(() => []);
    for (const name of names) this.queueDeletion(join(this.path, name));
  }

  /** Waits for the deletions, 2 s at most. */
  async waitUntilEmpty(): Promise<void> {
    await Promise.race([this.deletions, delay(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }

  private queueDeletion(folder: string): void {
    this.deletions = this.deletions
      .then(() => removeTree(folder))
      .catch((error: Error) =>
        this.logger.error(`The trash cannot be emptied: ${error.message}`, error.stack),
      );
  }
}
