import { createHash } from 'node:crypto';
import { closeSync, fstatSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { HeldFolder } from '../held-folder.js';
import { cannotBeLink } from './tree-name.js';

/** What there is at a name. gone: nothing that a tree can hold. unreadable: too large, or not ours to read. */
export type Finding = { name: Buffer } & (
  { is: 'content'; mode: string; oid: string } | { is: 'folder' | 'gone' | 'unreadable' }
);
/** A finding whose content is at hand, or can be had from an open file of more than `WHOLE_BYTES`. */
type Opened =
  | { is: 'bytes'; mode: string; bytes: Buffer }
  | { is: 'large'; mode: string; file: number; size: number }
  | { is: 'folder' | 'gone' | 'unreadable' }
  | { is: 'failed'; error: Error };

const SLASH = 0x2f;
const AT_ONCE = 64;
const WHOLE_BYTES = 256 * 1024;
const LINK_MODE = '120000';
const EXECUTABLE = 0o100;
const readInto = promisify(read);

/**
 * Reads files and links of a work tree that an agent may be changing all the while.
 *
 *     name ─► its folder, held ─► what is there? ─► open, not through a link ─► a file, not too large? ─► its bytes
 *
 * Where the names come from does not matter: what is read lies in the work tree, or is not read.
 */
export class WorkTreeReader {
  constructor(
    private readonly root: HeldFolder,
    private readonly maxFileBytes: number,
  ) {}

  /**
   * Looks at every name, and yields the contents that it finds in the language of `git fast-import`.
   * @param onFinding hears of each name once
   */
  async *read(names: readonly Buffer[], onFinding: (finding: Finding) => void): AsyncGenerator<Buffer> {
    for (const [parent, siblings] of byFolder(names)) {
      const folder = await this.hold(parent);
      try {
        for (let start = 0; start < siblings.length; start += AT_ONCE) {
          yield* this.readSome(folder, siblings.slice(start, start + AT_ONCE), onFinding);
        }
      } finally {
        if (folder instanceof HeldFolder && folder !== this.root) folder.close();
      }
    }
    yield Buffer.from('done\n');
  }

  private async hold(parent: Buffer): Promise<HeldFolder | 'gone' | 'unreadable'> {
    if (parent.length === 0) return this.root;
    try {
      return (await this.root.folder(parent)) ?? 'gone';
    } catch (error) {
      if (hasChanged(error as NodeJS.ErrnoException)) return 'unreadable';
      throw error;
    }
  }

  private async *readSome(
    folder: HeldFolder | 'gone' | 'unreadable',
    names: readonly Buffer[],
    onFinding: (finding: Finding) => void,
  ): AsyncGenerator<Buffer> {
    const opened = await Promise.all(names.map((name) => this.open(folder, name)));
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

  /** Answers a failure, so that what was opened beside it is closed. */
  private async open(folder: HeldFolder | 'gone' | 'unreadable', name: Buffer): Promise<Opened> {
    if (!(folder instanceof HeldFolder)) return { is: folder };
    try {
      return await this.openIn(folder, name.subarray(name.lastIndexOf(SLASH) + 1));
    } catch (error) {
      return hasChanged(error as NodeJS.ErrnoException)
        ? { is: 'unreadable' }
        : { is: 'failed', error: error as Error };
    }
  }

  private async openIn(folder: HeldFolder, name: Buffer): Promise<Opened> {
    const stats = await folder.look(name);
    if (stats?.isSymbolicLink()) {
      return cannotBeLink(name)
        ? { is: 'gone' }
        : { is: 'bytes', mode: LINK_MODE, bytes: await folder.link(name) };
    }
    if (stats?.isDirectory()) return { is: 'folder' };
    if (!stats?.isFile()) return { is: 'gone' };
    if (stats.size > this.maxFileBytes) return { is: 'unreadable' };
    return this.openFile(await folder.file(name));
  }

  /** Judges what was opened, which need not be what was looked at. Only a large file stays open. */
  private async openFile(file: number): Promise<Opened> {
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

/** The size stands before the content: a file that has become shorter is filled up, and then is nobody's. */
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

/** @returns how much there was */
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

/** What the system says of a name that is not ours to read, or that became something else since the look. */
const CHANGED = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL', 'ENXIO']);

const hasChanged = ({ code = '' }: NodeJS.ErrnoException) => CHANGED.has(code);
