import { access, statfs } from 'node:fs/promises';
import { WRITABLE_IN_MEMORY } from '../bubblewrap-arguments.js';

/** Of a run. An empty one takes about a kilobyte of the kernel's memory, which no limit of bytes counts. */
export const MOST_FILES_IN_MEMORY = 200_000;

/** How many files a jail's folders in memory hold. @param pid of its first process */
export async function filesInMemory(pid: number): Promise<number> {
  const root = `/proc/${pid}/root`;
  try {
    // While the jail is built, that is the host's own root.
    await access(`${root}/run/jail/start.sh`);
    const folders = await Promise.all(WRITABLE_IN_MEMORY.map((folder) => statfs(root + folder)));
    return folders.reduce((sum, { files, ffree }) => sum + files - ffree, 0);
  } catch {
    return 0;
  }
}
