import { constants } from 'node:fs';
import { access, lstat } from 'node:fs/promises';

/** One line of `ls-files -z -t`; names are bytes, since they need not be UTF-8. */
export interface WorkTreeEntry {
  name: Buffer;
  /** In the index. */
  tracked: boolean;
  /** An untracked folder that git does not look into: a repository of its own. `name` ends in a slash. */
  folder: boolean;
}

const SLASH = 0x2f;
const UNTRACKED = 0x3f;
const AT_ONCE = 64;

/** A name that is reported twice (as deleted and as modified) comes once. */
export function parseWorkTreeEntries(listing: Buffer): WorkTreeEntry[] {
  const entries = new Map<string, WorkTreeEntry>();
  for (let start = 0; start < listing.length;) {
    const end = listing.indexOf(0, start);
    const name = listing.subarray(start + 2, end);
    const entry = { name, tracked: listing[start] !== UNTRACKED, folder: name.at(-1) === SLASH };
    entries.set(name.toString('latin1'), entry);
    start = end + 1;
  }
  return [...entries.values()];
}

/**
 * Tells what is really there at each path that git says is new or changed. git's listing follows a symbolic link
 * in the middle of a path; here a folder that became a link ends the files below it.
 */
export class WorkTreeChanges {
  private readonly folders = new Map<string, Promise<boolean>>();
  private submodules: Promise<ReadonlySet<string>> | null = null;

  constructor(
    private readonly root: string,
    private readonly maxFileBytes: number,
    private readonly readSubmodules: () => Promise<ReadonlySet<string>>,
  ) {}

  /** gone: to be taken out of the index. present: to be read into it. Everything else stays as it is recorded. */
  async judge(entries: readonly WorkTreeEntry[]): Promise<{ gone: Buffer[]; present: Buffer[] }> {
    const gone: Buffer[] = [];
    const present: Buffer[] = [];
    for (let start = 0; start < entries.length; start += AT_ONCE) {
      const batch = entries.slice(start, start + AT_ONCE);
      const verdicts = await Promise.all(batch.map((entry) => this.verdictOn(entry.name)));
      batch.forEach(({ name, tracked }, index) => {
        if (verdicts[index] === 'present') present.push(name);
        if (verdicts[index] === 'gone' && tracked) gone.push(name);
      });
    }
    return { gone, present };
  }

  private async verdictOn(name: Buffer): Promise<'gone' | 'present' | 'keep'> {
    if (!(await this.isBelowRealFolders(name))) return 'gone';
    const path = this.path(name);
    const found = await lstat(path).catch(() => null);
    if (found?.isSymbolicLink()) return 'present';
    if (found?.isFile())
      return found.size <= this.maxFileBytes && (await isReadable(path)) ? 'present' : 'keep';
    if (found?.isDirectory()) return (await this.isSubmodule(name)) ? 'keep' : 'gone';
    return 'gone';
  }

  private async isSubmodule(name: Buffer): Promise<boolean> {
    this.submodules ??= this.readSubmodules();
    return (await this.submodules).has(name.toString('latin1'));
  }

  private async isBelowRealFolders(name: Buffer): Promise<boolean> {
    const slash = name.lastIndexOf(SLASH);
    if (slash < 0) return true;
    const parent = name.subarray(0, slash);
    const key = parent.toString('latin1');
    let answer = this.folders.get(key);
    if (!answer) {
      answer = this.isBelowRealFolders(parent).then((real) => real && this.isRealFolder(parent));
      this.folders.set(key, answer);
    }
    return answer;
  }

  private async isRealFolder(name: Buffer): Promise<boolean> {
    const found = await lstat(this.path(name)).catch(() => null);
    return found?.isDirectory() ?? false;
  }

  private path(name: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`${this.root}/`), name]);
  }
}

const isReadable = (path: Buffer) =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
