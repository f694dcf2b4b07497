import type { Stats } from 'node:fs';
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
/** Of descriptors in one look, since a run may have millions of them. */
const MOST_LOOKED_AT = 50_000;

/** @param folder of the workspace */
export async function namelessFiles(processes: ProcessEntry[], folder: string): Promise<NamelessFiles> {
  const { dev: workspace } = await stat(folder);
  const total = { disk: 0, memory: 0 };
  // Several processes may hold the same one.
  const seen = new Set<string>();
  let left = MOST_LOOKED_AT;
  for (const { pid } of inAnyOrder(processes)) {
    const descriptors = (await readdir(`/proc/${pid}/fd`).catch(() => [])).slice(0, left);
    left -= descriptors.length;
    for (const { dev, ino, blocks } of await namelessOf(pid, descriptors)) {
      if (seen.has(`${dev} ${ino}`)) continue;
      seen.add(`${dev} ${ino}`);
      total[dev === workspace ? 'disk' : 'memory'] += blocks * BLOCK;
    }
  }
  return total;
}

/** Nobody is behind all the other ones in every look. */
const inAnyOrder = (processes: ProcessEntry[]): ProcessEntry[] =>
  processes
    .map((entry) => ({ entry, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ entry }) => entry);

async function namelessOf(pid: number, descriptors: string[]): Promise<Stats[]> {
  const files = await Promise.all(
    descriptors.map((name) => stat(`/proc/${pid}/fd/${name}`).catch(() => null)),
  );
  return files.filter((file) => file !== null).filter((file) => file.isFile() && file.nlink === 0);
}
