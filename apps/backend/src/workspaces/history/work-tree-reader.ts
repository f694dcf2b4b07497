import { createHash } from 'node:crypto';
import { closeSync, fstatSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { DirectoryHandle } from '../storage/directory-handle.js';
import { cannotBeLink } from './work-tree-names.js';

/** What is at a name. gone: nothing that a tree can hold. unreadable: too large, or we may not read it. */
export type Finding = { name: Buffer } & (
  { is: 'content'; mode: string; oid: string } | { is: 'folder' | 'gone' | 'unreadable' }
);
/** A finding with its contents. Those of more than `WHOLE_BYTES` are read from an open file. */
type Opened =
  | { is: 'bytes'; mode: string; bytes: Buffer }
  | { is: 'large'; mode: string; file: number; size: number }
  | { is: 'folder' | 'gone' | 'unreadable' }
  | { is: 'failed'; error: Error };

const SLASH = 0x2f;
/** How many files are open at the same time. */
const MAX_OPEN_FILES = 64;
/** Files up to this size are read whole. */
const WHOLE_BYTES = 256 * 1024;
const LINK_MODE = '120000';
const EXECUTABLE = 0o100;
const readInto = promisify(read);

/**
 * Reads files and links of a work tree that an agent may be changing at the same time.
 *
 *     name ─► open its folder ─► what is there? ─► open it, but not a link ─► a file, not too large? ─► its bytes
 *
 * It does not matter where the names come from: nothing outside of the work tree is ever read.
 */
export class WorkTreeReader {
  constructor(
    private readonly root: DirectoryHandle,
    private readonly maxFileBytes: number,
  ) {}

  /**
   * Looks at every name and yields the contents as input for `git fast-import`.
   * @param onFinding is called once for each name
   */
  async *readWorkTree(
    names: readonly Buffer[],
    onFinding: (finding: Finding) => void,
  ): AsyncGenerator<Buffer> {
    for (const [parent, siblings] of byFolder(names)) {
      const folder = await this.openFolder(parent);
      try {
        for (let start = 0; start < siblings.length; start += MAX_OPEN_FILES) {
          yield* this.readSome(folder, siblings.slice(start, start + MAX_OPEN_FILES), onFinding);
        }
      } finally {
        if (folder instanceof DirectoryHandle && folder !== this.root) folder.close();
      }
    }
    yield Buffer.from('done\n');
  }

  private async openFolder(parent: Buffer): Promise<DirectoryHandle | 'gone' | 'unreadable'> {
    if (parent.length === 0) return this.root;
    try {
      return (await this.root.openDescendant(parent)) ?? 'gone';
    } catch (error) {
      if (hasChanged(error as NodeJS.ErrnoException)) return 'unreadable';
      throw error;
    }
  }

  private async *readSome(
    folder: DirectoryHandle | 'gone' | 'unreadable',
    names: readonly Buffer[],
    onFinding: (finding: Finding) => void,
  ): AsyncGenerator<Buffer> {
    const opened = await Promise.all(names.map((name) => this.openName(folder, name)));
    let small: Buffer[] = [];
    try {
      for (const [index, name] of names.entries()) {
        const found = opened[index] ?? { is: 'gone' };
        if (found.is === 'failed') throw found.error;
        if (found.is === 'bytes') {
          small.push(...blob(found.bytes));
          onFinding({ name, is: 'content', mode: found.mode, oid: oidOf(found.bytes) });
        } else if (found.is === 'large') {
          yield Buffer.concat(small);
          small = [];
          const oid = yield* streamed(found.file, found.size);
          onFinding(
            oid === null ? { name, is: 'unreadable' } : { name, is: 'content', mode: found.mode, oid },
          );
        } else onFinding({ name, is: found.is });
      }
      yield Buffer.concat(small);
    } finally {
      for (const found of opened) if (found.is === 'large') closeSync(found.file);
    }
  }

  /** Returns a failure instead of throwing it, so that the files that were opened beside it are closed. */
  private async openName(folder: DirectoryHandle | 'gone' | 'unreadable', name: Buffer): Promise<Opened> {
    if (!(folder instanceof DirectoryHandle)) return { is: folder };
    try {
      return await this.openIn(folder, name.subarray(name.lastIndexOf(SLASH) + 1));
    } catch (error) {
      return hasChanged(error as NodeJS.ErrnoException)
        ? { is: 'unreadable' }
        : { is: 'failed', error: error as Error };
    }
  }

  private async openIn(folder: DirectoryHandle, name: Buffer): Promise<Opened> {
    const stats = await folder.lstat(name);
    if (stats?.isSymbolicLink()) {
      return cannotBeLink(name)
        ? { is: 'gone' }
        : { is: 'bytes', mode: LINK_MODE, bytes: await folder.readlink(name) };
    }
    if (stats?.isDirectory()) return { is: 'folder' };
    if (!stats?.isFile()) return { is: 'gone' };
    if (stats.size > this.maxFileBytes) return { is: 'unreadable' };
    return this.readOpenFile(await folder.openFile(name));
  }

  /** Checks the open file, since it need not be the one that `lstat` saw. Only a large file stays open. */
  private async readOpenFile(file: number): Promise<Opened> {
    let large = false;
    try {
      const stats = fstatSync(file);
      if (!stats.isFile() || stats.size > this.maxFileBytes) return { is: 'unreadable' };
      const mode = stats.mode & EXECUTABLE ? '100755' : '100644';
      large = stats.size > WHOLE_BYTES;
      if (large) return { is: 'large', mode, file, size: stats.size };
      const bytes = Buffer.alloc(stats.size);
      return { is: 'bytes', mode, bytes: bytes.subarray(0, await fill(file, bytes)) };
    } finally {
      if (!large) closeSync(file);
    }
  }
}

function byFolder(names: readonly Buffer[]): Iterable<[Buffer, Buffer[]]> {
  const groups = new Map<string, [Buffer, Buffer[]]>();
  for (const name of names) {
    const parent = name.subarray(0, Math.max(name.lastIndexOf(SLASH), 0));
    const key = parent.toString('latin1');
    const group = groups.get(key);
    if (group) group[1].push(name);
    else groups.set(key, [parent, [name]]);
  }
  return groups.values();
}

/**
 * The size is written before the contents, so a file that has become shorter is padded.
 * @returns the object id, or null for a padded file
 */
async function* streamed(file: number, size: number): AsyncGenerator<Buffer, string | null> {
  const hash = createHash('sha1').update(`blob ${size}\0`);
  let whole = true;
  yield Buffer.from(`blob\ndata ${size}\n`);
  for (let rest = size; rest > 0;) {
    const chunk = Buffer.alloc(Math.min(rest, WHOLE_BYTES));
    whole = (await fill(file, chunk)) === chunk.length && whole;
    hash.update(chunk);
    rest -= chunk.length;
    yield chunk;
  }
  yield Buffer.from('\n');
  return whole ? hash.digest('hex') : null;
}

/** @returns the number of bytes that could be read */
async function fill(file: number, buffer: Buffer): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await readInto(file, buffer, filled, buffer.length - filled, null);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

const blob = (bytes: Buffer) => [Buffer.from(`blob\ndata ${bytes.length}\n`), bytes, Buffer.from('\n')];

const oidOf = (bytes: Buffer) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** Errors for a file that we may not read, or that has changed since `lstat`. */
const CHANGED = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL', 'ENXIO']);

const hasChanged = ({ code = '' }: NodeJS.ErrnoException) => CHANGED.has(code);
