import { closeSync, createReadStream, fstatSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { DirectoryHandle } from '../storage/directory-handle.js';
import { isUnreadable } from '../storage/tree-walk.js';

const SLASH = '/';

/** A regular file that an agent may still be changing, with the size that it had when it was opened. */
export class OpenedFile {
  constructor(
    private readonly descriptor: number,
    readonly size: number,
    readonly modifiedAt: Date,
    /** Its name, without folders. */
    readonly name: Buffer,
  ) {}

  /** Its contents, up to that size. Closes the file at its end, or when it is destroyed. */
  read(): Readable {
    if (this.size > 0) return createReadStream('', { fd: this.descriptor, start: 0, end: this.size - 1 });
    this.close();
    return Readable.from([]);
  }

  /** For a file that is not read. */
  close(): void {
    closeSync(this.descriptor);
  }
}

/** Does the work with the folder of `path`. @returns undefined when there is no such folder, or a link on the way */
export async function inParent<T>(
  root: DirectoryHandle,
  path: Buffer,
  work: (parent: DirectoryHandle, base: Buffer) => Promise<T>,
): Promise<T | undefined> {
  const slash = path.lastIndexOf(SLASH);
  if (slash < 0) return work(root, path);
  const parent = await root.openDescendant(path.subarray(0, slash));
  if (!parent) return undefined;
  return work(parent, path.subarray(slash + 1)).finally(() => parent.close());
}

/** @returns null when there is no regular file that we may read */
export async function openRegularFile(root: DirectoryHandle, path: Buffer): Promise<OpenedFile | null> {
  try {
    return (await inParent(root, path, openIn)) ?? null;
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

async function openIn(parent: DirectoryHandle, base: Buffer): Promise<OpenedFile | null> {
  // Opening a device can have an effect, so look first. The open file need not be the same one.
  if ((await parent.lstat(base))?.isFile() !== true) return null;
  const descriptor = await parent.openFile(base);
  const stats = fstatSync(descriptor);
  if (stats.isFile()) return new OpenedFile(descriptor, stats.size, stats.mtime, base);
  closeSync(descriptor);
  return null;
}
