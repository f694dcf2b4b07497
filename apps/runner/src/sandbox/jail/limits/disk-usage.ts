import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { SYSTEM_FOLDERS } from '../bubblewrap-arguments.js';

/*
 * What folders that an agent writes take on the disk: `du`, in a jail of its own.
 *
 * du reads no file and follows no link, counts a file with several names once, and walks trees that are deeper than any
 * path may be. In its jail it may read every folder: an agent owns its files and can lock a folder against its owner, the
 * runner, but not against root of a user namespace.
 */

const JAIL = ['--unshare-all', '--unshare-user', '--die-with-parent', '--new-session']
  .concat(['--uid', '0', '--cap-drop', 'ALL', '--cap-add', 'CAP_DAC_READ_SEARCH', '--clearenv'])
  .concat(SYSTEM_FOLDERS.flatMap((folder) => ['--ro-bind-try', folder, folder]));

export interface DiskUsage {
  bytes: number;
  /** Files and folders; one with several names counts once. */
  files: number;
}

/**
 * @param folders those that are not there count nothing
 * @param signal ends the count
 * @returns null when they could not be counted
 */
export async function diskUsage(
  bwrap: string,
  folders: string[],
  signal: AbortSignal,
): Promise<DiskUsage | null> {
  const there = await Promise.all(
    folders.map((folder) =>
      access(folder).then(
        () => true,
        () => false,
      ),
    ),
  );
  const counted = folders.filter((_, index) => there[index]);
  const sumOf = (unit: string) => sumOfFolders(bwrap, counted, unit, signal);
  // du tells one of them at a time, and walks faster where it has just been.
  const [bytes, files] = await Promise.all([sumOf('--block-size=1'), sumOf('--inodes')]);
  return bytes === null || files === null ? null : { bytes, files };
}

async function sumOfFolders(
  bwrap: string,
  folders: string[],
  unit: string,
  signal: AbortSignal,
): Promise<number | null> {
  const targets = folders.map((_, index) => `/counted/${index}`);
  const binds = folders.flatMap((folder, index) => ['--ro-bind', folder, `/counted/${index}`]);
  const du = ['du', '--summarize', '--one-file-system', unit, '--', ...targets];
  const child = spawn(bwrap, [...JAIL, ...binds, ...du], {
    // What changes while it is looked at is complained about at length.
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH },
    killSignal: 'SIGKILL',
    signal,
  });
  const ended = once(child, 'close');
  try {
    const [lines] = await Promise.all([text(child.stdout), ended]);
    const sizes = lines
      .trim()
      .split('\n')
      .map((line) => Number.parseInt(line, 10));
    return sizes.length === folders.length && sizes.every(Number.isSafeInteger)
      ? sizes.reduce((total, size) => total + size, 0)
      : null;
  } catch {
    return null;
  }
}
