import { readdir, stat } from 'node:fs/promises';
import type { ProcessEntry } from '../process-table.js';

/** Bytes of files that processes hold open and that no folder shows: removed ones, and those that never had a name. */
export interface NamelessFiles {
  /** On the file system of the workspace. */
  disk: number;
  /** In a folder in memory, or memfd. */
  memory: number;
}

const BLOCK = 512;

/** @param folder of the workspace */
export async function namelessFiles(processes: ProcessEntry[], folder: string): Promise<NamelessFiles> {
  const { dev: workspace } = await stat(folder);
  const files = (await Promise.all(processes.map(({ pid }) => namelessOf(pid)))).flat();
  const total = { disk: 0, memory: 0 };
  // Several processes may hold the same one.
  for (const { dev, bytes } of new Map(files.map((file) => [`${file.dev} ${file.inode}`, file])).values())
    total[dev === workspace ? 'disk' : 'memory'] += bytes;
  return total;
}

async function namelessOf(pid: number) {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const found = await Promise.all(
    descriptors.map((name) => stat(`/proc/${pid}/fd/${name}`).catch(() => null)),
  );
  return found
    .filter((file) => file !== null)
    .filter((file) => file.isFile() && file.nlink === 0)
    .map(({ dev, ino, blocks }) => ({ dev, inode: ino, bytes: blocks * BLOCK }));
}
