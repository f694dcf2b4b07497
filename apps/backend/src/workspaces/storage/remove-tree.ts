import { randomUUID } from 'node:crypto';
import { chmod, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { DirectoryHandle } from './directory-handle.js';

/** How many nested folders are open at the same time. */
const MAX_OPEN_DEPTH = 64;

/**
 * Removes a folder that an agent filled and may still be changing. Node's own `rm` goes by path: it follows a link
 * that replaces a folder meanwhile, and fails for names that are not UTF-8, paths of more than 4096 bytes, and folders
 * without write permission (Go's module cache has those). Here, folders are emptied while they are open, and very deep
 * ones are moved up first.
 *
 * @throws when entries are added faster than they are removed
 */
export async function removeTree(path: string): Promise<void> {
  const parent = await DirectoryHandle.openPath(dirname(path));
  try {
    const name = Buffer.from(basename(path));
    const directory = await parent.openChild(name);
    if (directory === null) return;
    try {
      while (await emptyDirectory(directory, directory, 1));
    } finally {
      directory.close();
    }
    await rmdir(parent.pathOf(name)).catch(ignoreAbsent);
  } finally {
    parent.close();
  }
}

/** @returns true when something was moved up into `top`, which then has to be emptied again */
async function emptyDirectory(
  directory: DirectoryHandle,
  top: DirectoryHandle,
  depth: number,
): Promise<boolean> {
  let moved = false;
  await chmod(directory.pathOf(), 0o700);
  for await (const { name, kind } of directory.entries()) {
    const child = kind === 'directory' ? await directory.openChild(name) : null;
    if (child === null) {
      await unlink(directory.pathOf(name)).catch(ignoreAbsent);
      continue;
    }
    try {
      if (depth === MAX_OPEN_DEPTH) {
        await chmod(child.pathOf(), 0o700);
        await rename(directory.pathOf(name), top.pathOf(Buffer.from(randomUUID()))).catch(ignoreAbsent);
        moved = true;
        continue;
      }
      moved = (await emptyDirectory(child, top, depth + 1)) || moved;
    } finally {
      child.close();
    }
    await rmdir(directory.pathOf(name)).catch(ignoreAbsent);
  }
  return moved;
}

/** Another backend may be emptying the same trash. */
function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
