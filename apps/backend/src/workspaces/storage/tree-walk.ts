import type { Stats } from 'node:fs';
import { DirectoryHandle } from './directory-handle.js';

/** How much a walk may look at. */
export interface WalkLimits {
  /** Files and folders. */
  entries: number;
  ms: number;
}

export interface WalkEntry {
  name: Buffer;
  /** What is really there: a folder, a regular file, or something else, like a link or a pipe. */
  stats: Stats;
}

/** How many names are looked at at the same time. */
const BATCH = 64;
/** Each open folder takes a descriptor. Deeper ones are not looked into. */
const MAX_DEPTH = 64;
/** Errors for what we may not read, or that has changed since it was listed. */
const UNREADABLE = new Set('EACCES EPERM ENOENT ENOTDIR ELOOP EINVAL ENXIO ESTALE ENAMETOOLONG'.split(' '));

export const isUnreadable = (error: unknown): boolean =>
  UNREADABLE.has((error as NodeJS.ErrnoException).code ?? '');

/**
 * Looks at folders that an agent filled and may still be changing: every name is opened in an open folder, and never
 * through a link. Its limits hold for all folders that it is used for, and it remembers when it did not see everything.
 */
export class TreeWalk {
  /** true: something was left out, for want of time, room or permission. */
  incomplete = false;
  private entries = 0;
  private readonly deadline: number;

  /** @param skips names that do not count, wherever they are */
  constructor(
    private readonly limits: WalkLimits,
    private readonly skips: (name: Buffer) => boolean = () => false,
  ) {
    this.deadline = performance.now() + limits.ms;
  }

  /** What is in the folder, but not below it. */
  async *entriesOf(folder: DirectoryHandle): AsyncGenerator<WalkEntry> {
    let names: Buffer[] = [];
    try {
      for await (const { name } of folder.entries()) {
        if (this.skips(name)) continue;
        if (!this.takeEntry()) break;
        names.push(name);
        if (names.length < BATCH) continue;
        yield* await look(folder, names);
        names = [];
      }
      yield* await look(folder, names);
    } catch (error) {
      this.leaveOut(error);
    }
  }

  /** Remembers that something could not be read. @throws the error, if it is another one */
  leaveOut(error: unknown): null {
    if (!isUnreadable(error)) throw error;
    this.incomplete = true;
    return null;
  }

  /**
   * Does the work with the folder `name` in `parent`, if there is one.
   * @param depth of `parent` below the folder that the walk started with
   */
  async inFolder(
    parent: DirectoryHandle,
    name: Buffer,
    depth: number,
    work: (folder: DirectoryHandle) => Promise<void>,
  ): Promise<void> {
    if (depth >= MAX_DEPTH) {
      this.incomplete = true;
      return;
    }
    try {
      const folder = await parent.openChild(name);
      await (folder && work(folder).finally(() => folder.close()));
    } catch (error) {
      this.leaveOut(error);
    }
  }

  /**
   * Visits every regular file in the folder, at any depth.
   * @param path of the folder, with a slash at its end; those that `onFile` is told begin with it
   */
  async visitFiles(
    folder: DirectoryHandle,
    path: Buffer,
    onFile: (path: Buffer, stats: Stats) => void,
    depth = 0,
  ): Promise<void> {
    for await (const { name, stats } of this.entriesOf(folder)) {
      if (stats.isFile()) onFile(Buffer.concat([path, name]), stats);
      if (!stats.isDirectory()) continue;
      const below = Buffer.concat([path, name, SLASH]);
      await this.inFolder(folder, name, depth, (child) => this.visitFiles(child, below, onFile, depth + 1));
    }
  }

  private takeEntry(): boolean {
    this.entries += 1;
    if (this.entries <= this.limits.entries && performance.now() < this.deadline) return true;
    this.incomplete = true;
    return false;
  }
}

export const SLASH = Buffer.from('/');

async function look(folder: DirectoryHandle, names: readonly Buffer[]): Promise<WalkEntry[]> {
  const found = await Promise.all(names.map(async (name) => ({ name, stats: await folder.lstat(name) })));
  return found.flatMap(({ name, stats }) => (stats === null ? [] : [{ name, stats }]));
}
