import { closeSync, constants, type Dirent, open as openFile, type Stats } from 'node:fs';
import { lstat, opendir, readlink, realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';

/*
 * An agent can replace any folder or file of its work tree with a link at any moment, also between two of our calls.
 * But a name that is opened relative to an open folder always leads to something in that folder.
 *
 *     open("…/repo/a/b", O_NOFOLLOW) ─► descriptor 7
 *     readlink("/proc/self/fd/7")  ─► still "…/repo/a/b"? Then there was no link on the way.
 *     open("/proc/self/fd/7/name", O_NOFOLLOW) ─► the same as openat(7, "name", O_NOFOLLOW)
 *
 * macOS has no such paths. There we ask the system to refuse a path with a link anywhere in it. It has no such way to
 * read a link, so on macOS the text of a link (never a file's content) may come from a folder that was swapped.
 */
const LINUX = process.platform === 'linux';
const O_PATH = 0x200000;
const O_NOFOLLOW_ANY = 0x20000000;
const NO_LINKS = LINUX ? constants.O_NOFOLLOW : O_NOFOLLOW_ANY;
const DIRECTORY_FLAGS = constants.O_DIRECTORY | NO_LINKS | (LINUX ? O_PATH : constants.O_RDONLY);
/** Does not wait for the other end of a pipe, and does not take over a terminal. */
const FILE_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | NO_LINKS;
const SLASH = Buffer.from('/');
/** Names are bytes. */
const ENTRY_OPTIONS = { encoding: 'latin1', bufferSize: 256 } as const;

export interface DirectoryEntry {
  name: Buffer;
  kind: 'directory' | 'pipe' | 'other';
}

/** Plain descriptors: with thousands of files, a FileHandle for each costs more than reading them. */
const open = promisify(openFile);

/** An open folder, which may be in a work tree that an agent is changing. */
export class DirectoryHandle {
  private constructor(
    private readonly descriptor: number,
    /** Where the folder was when it was opened, without links. */
    private readonly path: Buffer,
  ) {}

  /** @param path may lead through links, since only trusted processes can make those, but may not end in one */
  static async openPath(path: string): Promise<DirectoryHandle> {
    const real = join(await realpath(dirname(path), 'buffer'), Buffer.from(basename(path)));
    return new DirectoryHandle(await open(real, DIRECTORY_FLAGS), real);
  }

  /**
   * @param name one or several components
   * @returns null when there is no such folder, or when there is a link on the way
   */
  async openDescendant(name: Buffer): Promise<DirectoryHandle | null> {
    const directory = await this.openChild(name);
    if (directory === null || (await directory.isInPlace())) return directory;
    directory.close();
    return null;
  }

  /**
   * Opens a folder directly in this one, at any depth: the whole path may be longer than the system allows.
   * @returns null when there is no such folder
   */
  async openChild(name: Buffer): Promise<DirectoryHandle | null> {
    const descriptor = await open(this.pathOf(name), DIRECTORY_FLAGS).catch(nullWhenAbsent);
    return descriptor === null ? null : new DirectoryHandle(descriptor, join(this.path, name));
  }

  /** @returns a descriptor for reading a file of any kind. @throws for a link */
  openFile(name: Buffer): Promise<number> {
    return open(this.pathOf(name), FILE_FLAGS);
  }

  /** @returns null when there is no such file */
  lstat(name: Buffer): Promise<Stats | null> {
    return lstat(this.pathOf(name)).catch(nullWhenAbsent);
  }

  readlink(name: Buffer): Promise<Buffer> {
    return readlink(this.pathOf(name), 'buffer');
  }

  /** The entries of the folder, read in parts. */
  async *entries(): AsyncGenerator<DirectoryEntry> {
    for await (const entry of await opendir(this.pathOf().toString(), ENTRY_OPTIONS)) {
      yield { name: Buffer.from(entry.name, 'latin1'), kind: kindOf(entry) };
    }
  }

  /** A path for one system call. It leads to `name` in this folder, or without a name to the folder itself. */
  pathOf(name?: Buffer): Buffer {
    const here = LINUX ? Buffer.from(`/proc/self/fd/${this.descriptor}`) : this.path;
    return name === undefined ? here : join(here, name);
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private async isInPlace(): Promise<boolean> {
    if (!LINUX) return true;
    const place = await readlink(this.pathOf(), 'buffer').catch(nullWhenAbsent);
    return place?.equals(this.path) ?? false;
  }
}

const kindOf = (entry: Dirent): DirectoryEntry['kind'] =>
  entry.isDirectory() ? 'directory' : entry.isFIFO() ? 'pipe' : 'other';

const join = (folder: Buffer, name: Buffer) => Buffer.concat([folder, SLASH, name]);

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

function nullWhenAbsent(error: NodeJS.ErrnoException): null {
  if (ABSENT.has(error.code ?? '')) return null;
  throw error;
}
