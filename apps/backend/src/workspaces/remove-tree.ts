import { randomUUID } from 'node:crypto';
import { chmod, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { HeldFolder } from './held-folder.js';

/** So many folders are held open at a time, one in the other. */
const DEPTH = 64;

/**
 * Removes a folder that an agent filled, and may still be changing. Node's own `rm` goes by path: it follows a link
 * that takes a folder's place meanwhile, knows no name that is not UTF-8, no path of more than 4096 bytes, and no
 * folder without write permission (Go's module cache has those). Here folders are emptied while they are held, and
 * what lies very deep is moved up first.
 *
 * @throws when things are added faster than they go
 */
export async function removeTree(path: string): Promise<void> {
  const parent = await HeldFolder.open(dirname(path));
  try {
    const name = Buffer.from(basename(path));
    const folder = await parent.child(name);
    if (folder === null) return;
    try {
      while (await empty(folder, folder, 1));
    } finally {
      folder.close();
    }
    await rmdir(parent.at(name)).catch(unlessGone);
  } finally {
    parent.close();
  }
}

/** @returns whether something was moved up into `top`, which then has to be emptied again */
async function empty(folder: HeldFolder, top: HeldFolder, depth: number): Promise<boolean> {
  let moved = false;
  await chmod(folder.at(), 0o700);
  for await (const { name, kind } of folder.entries()) {
    const child = kind === 'folder' ? await folder.child(name) : null;
    if (child === null) {
      await unlink(folder.at(name)).catch(unlessGone);
      continue;
    }
    try {
      if (depth === DEPTH) {
        await chmod(child.at(), 0o700);
        await rename(folder.at(name), top.at(Buffer.from(randomUUID()))).catch(unlessGone);
        moved = true;
        continue;
      }
      moved = (await empty(child, top, depth + 1)) || moved;
    } finally {
      child.close();
    }
    await rmdir(folder.at(name)).catch(unlessGone);
  }
  return moved;
}

/** Another backend may be emptying the same trash. */
function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
