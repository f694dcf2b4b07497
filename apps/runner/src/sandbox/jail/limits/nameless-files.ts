import { readdir, stat } from 'node:fs/promises';
import { inBatches } from '../in-batches.js';
import type { ProcessEntry } from '../process-table.js';
import { MOST_OPEN_FILES } from './resource-limits.js';

/** Bytes of files that processes hold open and that no folder shows: removed ones, and those that never had a name. */
export interface NamelessFiles {
  /** On the file system of the workspace. */
  disk: number;
  /** In a folder in memory, or memfd. */
  memory: number;
}

const BLOCK = 512;

/**
 * @param folder of the workspace
 * @returns null: the processes have more files open than a run may, and no more were looked at
 */
export async function namelessFiles(
  processes: ProcessEntry[],
  folder: string,
): Promise<NamelessFiles | null> {
  const { dev: workspace } = await stat(folder);
  const total = { disk: 0, memory: 0 };
  // Several processes may hold the same one.
  const seen = new Set<string>();
  let room = MOST_OPEN_FILES;
  for (const { pid } of processes) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    room -= descriptors.length;
    if (room < 0) return null;
    for (const file of await inBatches(descriptors, (name) => statOf(pid, name))) {
      if (!file?.isFile() || file.nlink !== 0 || seen.has(`${file.dev} ${file.ino}`)) continue;
      seen.add(`${file.dev} ${file.ino}`);
      total[file.dev === workspace ? 'disk' : 'memory'] += file.blocks * BLOCK;
    }
  }
  return total;
}

const statOf = (pid: number, descriptor: string) => stat(`/proc/${pid}/fd/${descriptor}`).catch(() => null);
