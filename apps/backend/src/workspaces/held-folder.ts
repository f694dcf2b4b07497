import { closeSync, constants, type Dirent, open as openFile, type Stats } from 'node:fs';
import { lstat, opendir, readlink, realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';

/**
 * A folder that is held open. An agent can put a link in the place of any folder or file of its work tree at any
 * moment, also between two calls of ours; but whatever it swaps, names in a held folder lead only to what is in it.
 *
 *     open("…/repo/a/b", not through a link at its end) ─► descriptor 7
 *     readlink("/proc/self/fd/7")  ─► still "…/repo/a/b"? then no link was on the way
 *     open("/proc/self/fd/7/name", not through a link) ─► what openat(7, "name", O_NOFOLLOW) opens
 *
 * macOS has no such names; there the system is asked to refuse a path with a link anywhere in it. It has no way to
 * read a link like that: the text of a link (never a file's content) may there come from a folder that was swapped.
 */
const LINUX = process.platform === 'linux';
const O_PATH = 0x200000;
const O_NOFOLLOW_ANY = 0x20000000;
const THROUGH_NO_LINK = LINUX ? constants.O_NOFOLLOW : O_NOFOLLOW_ANY;
const FOLDER = constants.O_DIRECTORY | THROUGH_NO_LINK | (LINUX ? O_PATH : constants.O_RDONLY);
/** Never waits for the other end of a pipe, and takes no terminal. */
const FILE = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | THROUGH_NO_LINK;
const SLASH = Buffer.from('/');
/** Names are bytes. */
const READING = { encoding: 'latin1', bufferSize: 256 } as const;

export interface FolderEntry {
  name: Buffer;
  kind: 'folder' | 'pipe' | 'other';
}

/** Plain descriptors: with thousands of files, a FileHandle for each costs more than the reading. */
const open = promisify(openFile);

export class HeldFolder {
  private constructor(
    private readonly descriptor: number,
    /** Without links; where it was when it was opened. */
    private readonly path: Buffer,
  ) {}

  /** `path` may lie behind links, since whoever makes those is trusted; it may not be one. */
  static async open(path: string): Promise<HeldFolder> {
    const real = join(await realpath(dirname(path), 'buffer'), Buffer.from(basename(path)));
    return new HeldFolder(await open(real, FOLDER), real);
  }

  /**
   * @param name one component or several
   * @returns null when there is no such folder, or a link on the way
   */
  async folder(name: Buffer): Promise<HeldFolder | null> {
    const folder = await this.child(name);
    if (folder === null || (await folder.isWhereItShould())) return folder;
    folder.close();
    return null;
  }

  /** A folder right in this one, however deep: its path need not be short enough for the system. */
  async child(name: Buffer): Promise<HeldFolder | null> {
    const descriptor = await open(this.at(name), FOLDER).catch(nullWhenAbsent);
    return descriptor === null ? null : new HeldFolder(descriptor, join(this.path, name));
  }

  /** A descriptor of what has that name, to read, whatever kind of file it is; fails for a link. */
  file(name: Buffer): Promise<number> {
    return open(this.at(name), FILE);
  }

  /** @returns null when there is nothing */
  look(name: Buffer): Promise<Stats | null> {
    return lstat(this.at(name)).catch(nullWhenAbsent);
  }

  link(name: Buffer): Promise<Buffer> {
    return readlink(this.at(name), 'buffer');
  }

  /** What is in the folder, a part at a time. */
  async *entries(): AsyncGenerator<FolderEntry> {
    for await (const entry of await opendir(this.at().toString(), READING)) {
      yield { name: Buffer.from(entry.name, 'latin1'), kind: kindOf(entry) };
    }
  }

  /** A path for one system call, whose last component is `name` in this folder; without a name the folder itself. */
  at(name?: Buffer): Buffer {
    const here = LINUX ? Buffer.from(`/proc/self/fd/${this.descriptor}`) : this.path;
    return name === undefined ? here : join(here, name);
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private async isWhereItShould(): Promise<boolean> {
    if (!LINUX) return true;
    const place = await readlink(this.at(), 'buffer').catch(nullWhenAbsent);
    return place?.equals(this.path) ?? false;
  }
}

const kindOf = (entry: Dirent): FolderEntry['kind'] =>
  entry.isDirectory() ? 'folder' : entry.isFIFO() ? 'pipe' : 'other';

const join = (folder: Buffer, name: Buffer) => Buffer.concat([folder, SLASH, name]);

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

function nullWhenAbsent(error: NodeJS.ErrnoException): null {
  if (ABSENT.has(error.code ?? '')) return null;
  throw error;
}
