import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * git reads some files whole: a `.gitignore` of 10 GB, or a few kilobytes of a pack that name an object of that size,
 * would take as much memory. So each git command gets the kernel's limit of what a process can write to, and so does
 * what it starts. Mapped packs do not count. Without util-linux's prlimit (macOS) there is no such limit.
 */
const PRLIMIT = process.platform === 'linux' ? find('prlimit') : null;

/** @returns the command with the limit in force */
export const withMemoryLimit = (
  bytes: number,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] =>
  PRLIMIT === null ? command : [PRLIMIT, `--data=${bytes}`, '--', ...command];

function find(program: string): string | null {
  const places = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  return places.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
