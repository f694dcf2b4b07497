import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { SYSTEM_FOLDERS, WRITABLE_IN_MEMORY } from '../bubblewrap-arguments.js';
import { kill } from '../end-processes.js';
import { inBatches, type ProcessEntry } from '../process-table.js';
import { MAX_OPEN_FILES } from './limits.js';

/*
 * The files of a run: those on the disk, those in memory, and those without a name, which only a process still holds open.
 *
 * Files on the disk are counted by `du`, in a jail of its own. du reads no file and follows no link, counts a file with several
 * names once, and can walk trees deeper than the longest path. In that jail it may read every folder: agents own their files
 * and can take permissions away from the runner, but not from root of a user namespace.
 */

const DU_JAIL = ['--unshare-all', '--unshare-user', '--die-with-parent', '--new-session']
  .concat(['--uid', '0', '--cap-drop', 'ALL', '--cap-add', 'CAP_DAC_READ_SEARCH', '--clearenv'])
  .concat(SYSTEM_FOLDERS.flatMap((folder) => ['--ro-bind-try', folder, folder]));
/** Bytes of a block in `stat`. */
const BLOCK_BYTES = 512;

export interface FolderUsage {
  bytes: number;
  /** Files and folders. One with several names counts once. */
  files: number;
}

/**
 * Counts the folders of a run on the disk.
 * @param folders missing ones count nothing
 * @param signal aborts the count
 * @returns null when they could not be counted
 */
export async function folderUsage(
  bwrap: string,
  folders: string[],
  signal: AbortSignal,
): Promise<FolderUsage | null> {
  const exist = await Promise.all(
    folders.map((folder) =>
      access(folder).then(
        () => true,
        () => false,
      ),
    ),
  );
  const counted = folders.filter((_, index) => exist[index]);
  const sumOf = (unit: string) => sumOfFolders(bwrap, counted, unit, signal);
  // du reports one of the two at a time. Both walks together are faster, since they share the kernel's cache.
  const [bytes, files] = await Promise.all([sumOf('--block-size=1'), sumOf('--inodes')]);
  return bytes === null || files === null ? null : { bytes, files };
}

async function sumOfFolders(
  bwrap: string,
  folders: string[],
  unit: string,
  signal: AbortSignal,
): Promise<number | null> {
  if (signal.aborted) return null;
  const targets = folders.map((_, index) => `/counted/${index}`);
  const binds = folders.flatMap((folder, index) => ['--ro-bind', folder, `/counted/${index}`]);
  const du = ['du', '--summarize', '--one-file-system', unit, '--', ...targets];
  const child = spawn(bwrap, [...DU_JAIL, ...binds, ...du], {
    // du complains at length about files that change meanwhile.
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH },
    detached: true,
  });
  const closed = once(child, 'close');
  // bwrap's own child ends with it only from a certain point on: killed earlier, bwrap would leave it behind for good.
  const killAll = () => {
    if (child.pid !== undefined) kill(-child.pid);
  };
  signal.addEventListener('abort', killAll);
  try {
    const [lines] = await Promise.all([text(child.stdout), closed]);
    const sizes = lines
      .trim()
      .split('\n')
      .map((line) => Number.parseInt(line, 10));
    return sizes.length === folders.length && sizes.every(Number.isSafeInteger)
      ? sizes.reduce((total, size) => total + size, 0)
      : null;
  } catch {
    return null;
  } finally {
    signal.removeEventListener('abort', killAll);
  }
}

/** Counts the files in a jail's folders in memory. @param pid of the first process in the jail */
export async function filesInMemory(pid: number): Promise<number> {
  const root = `/proc/${pid}/root`;
  try {
    // While the jail is being built, that is still the host's own root.
    await access(`${root}/run/jail/start.sh`);
    const folders = await Promise.all(WRITABLE_IN_MEMORY.map((folder) => statfs(root + folder)));
    return folders.reduce((sum, { files, ffree }) => sum + files - ffree, 0);
  } catch {
    return 0;
  }
}

/** Bytes of open files that no folder shows: they were removed, or never had a name. */
export interface NamelessFiles {
  /** On the file system of the workspace. */
  disk: number;
  /** In a folder in memory, or memfd. */
  memory: number;
}

/**
 * @param folder of the workspace
 * @returns null: the processes have more files open than a run may, and the rest was not examined
 */
export async function namelessFiles(
  processes: ProcessEntry[],
  folder: string,
): Promise<NamelessFiles | null> {
  const { dev: workspace } = await stat(folder);
  const total = { disk: 0, memory: 0 };
  // Several processes may hold the same file.
  const seen = new Set<string>();
  let room = MAX_OPEN_FILES;
  for (const { pid } of processes) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    room -= descriptors.length;
    if (room < 0) return null;
    for (const file of await inBatches(descriptors, (name) => statDescriptor(pid, name))) {
      if (!file?.isFile() || file.nlink !== 0 || seen.has(`${file.dev} ${file.ino}`)) continue;
      seen.add(`${file.dev} ${file.ino}`);
      total[file.dev === workspace ? 'disk' : 'memory'] += file.blocks * BLOCK_BYTES;
    }
  }
  return total;
}

const statDescriptor = (pid: number, descriptor: string) =>
  stat(`/proc/${pid}/fd/${descriptor}`).catch(() => null);
