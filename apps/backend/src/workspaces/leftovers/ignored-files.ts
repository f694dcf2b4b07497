import type { Stats } from 'node:fs';
import type {
  IgnoredEntry,
  IgnoredFiles as Page,
  IgnoredFilesQuery,
} from '@saas-codex/contracts/ignored-files';
import { Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { HistoryRepository } from '../history/history-repository.js';
import { pathOfText, pathText } from '../history/path-text.js';
import { forbiddenPart } from '../history/work-tree-names.js';
import { DirectoryHandle } from '../storage/directory-handle.js';
import { Storage } from '../storage/storage.js';
import { SLASH, TreeWalk } from '../storage/tree-walk.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { inParent, type OpenedFile, openRegularFile } from './opened-file.js';

/** What is ignored: a file, or a folder with everything in it. Names are latin1 text, so they sort and compare by bytes. */
interface Root {
  name: string;
  folder: boolean;
}

interface Size {
  files: number;
  bytes: number;
}

/** Bytes of git's list. Beyond it the answer is incomplete. */
const MAX_LISTING = 8 * 1024 * 1024;
/** Files may be sparse, so their sizes may add up to anything. */
const MAX_BYTES = Number.MAX_SAFE_INTEGER;

/**
 * Files of the work tree that git ignores: reports, builds, caches. No diff shows them.
 *
 *     git ls-files --ignored --directory ─► roots: `.env`, `dist/` … ─► TreeWalk: sizes, files ─► page, download, archive
 *
 * git only says which names are ignored; it does not look into ignored folders, however much is in them. Everything
 * else is read in open folders, as checkpoints read it.
 */
@Injectable()
export class IgnoredFiles {
  constructor(
    private readonly history: HistoryRepository,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
  ) {}

  /** @throws ProblemError ignored_file_not_found; GitFailure */
  async list(sessionId: string, { folder, cursor, limit }: IgnoredFilesQuery): Promise<Page> {
    const walk = this.newWalk();
    const found = await this.inRepo(sessionId, async (repo) => {
      const roots = await this.rootsOf(sessionId, walk);
      return folder === undefined
        ? measureRoots(repo, roots, walk)
        : inIgnoredFolder(repo, roots, walk, folder, (open, name) => measureEntries(open, name, walk));
    });
    const sorted = [...found].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const after = cursor === undefined ? null : Buffer.from(cursor, 'base64url').toString('latin1');
    const rest = sorted.filter(([name]) => after === null || name > after);
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    return {
      ...total(sorted.map(([, entry]) => entry)),
      ...(walk.incomplete && { incomplete: true }),
      items: page.map(([name, entry]) => ({ path: pathText(bytesOf(name)), ...entry })),
      next_cursor: rest.length > limit && last ? bytesOf(last[0]).toString('base64url') : null,
    };
  }

  /** Opens an ignored file. @throws ProblemError ignored_file_not_found, download_too_large; GitFailure */
  openFile(sessionId: string, path: string): Promise<OpenedFile> {
    return this.inRepo(sessionId, async (repo) => {
      const name = ignoredName(path, await this.rootsOf(sessionId, this.newWalk()));
      const file = name && (await openRegularFile(repo, name));
      if (!file) throw notFound('There is no such file, git does not ignore it, or it cannot be read.');
      if (file.size <= this.limits.downloadBytes) return file;
      file.close();
      throw tooLarge(`The file is larger than ${this.megabytes} MB. Ask Codex to split or compress it.`);
    });
  }

  /**
   * The paths of all ignored files, or of those in a folder.
   * @throws ProblemError ignored_file_not_found, download_too_large; GitFailure
   */
  async listForArchive(sessionId: string, folder: string | undefined): Promise<Buffer[]> {
    const walk = this.newWalk();
    const paths: Buffer[] = [];
    let bytes = 0;
    const onFile = (path: Buffer, { size }: Stats) => {
      bytes += size;
      if (paths.push(path) > this.limits.downloadFiles || bytes > this.limits.downloadBytes)
        throw tooLarge(
          `An archive holds at most ${this.limits.downloadFiles.toLocaleString('en')} files and ${this.megabytes} MB. Download single folders or files.`,
        );
    };
    await this.inRepo(sessionId, async (repo) => {
      const roots = await this.rootsOf(sessionId, walk);
      if (folder !== undefined)
        return inIgnoredFolder(repo, roots, walk, folder, (open, name) =>
          walk.visitFiles(open, withSlash(name), onFile),
        );
      for (const root of roots) await visitRoot(repo, root, walk, onFile);
    });
    return paths;
  }

  private get megabytes(): number {
    return Math.floor(this.limits.downloadBytes / (1024 * 1024));
  }

  private newWalk(): TreeWalk {
    return new TreeWalk({ entries: this.limits.leftoverEntries, ms: this.limits.diffMs }, isGitDirectory);
  }

  private async inRepo<T>(sessionId: string, work: (repo: DirectoryHandle) => Promise<T>): Promise<T> {
    const repo = await DirectoryHandle.openPath(this.storage.repoPath(sessionId));
    return work(repo).finally(() => repo.close());
  }

  /** By name. Nothing in it is below another one. */
  private async rootsOf(sessionId: string, walk: TreeWalk): Promise<Root[]> {
    const { stdout, truncated } = await this.history.withHistoryLock(sessionId, () =>
      this.history.runOnWorkTree(
        sessionId,
        ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory'],
        { maxOutputBytes: MAX_LISTING, truncate: true },
      ),
    );
    walk.incomplete ||= truncated;
    const listing = stdout.subarray(0, stdout.lastIndexOf(0) + 1).toString('latin1');
    const roots: Root[] = [];
    for (const line of listing
      .split('\0')
      .filter((name) => name !== '')
      .toSorted(byBytes)) {
      const last = roots.at(-1);
      if (last?.folder && line.startsWith(`${last.name}/`)) continue;
      if (forbiddenPart(bytesOf(line)) !== null) continue;
      const folder = line.endsWith('/');
      roots.push({ name: folder ? line.slice(0, -1) : line, folder });
    }
    return roots;
  }
}

type Found = Map<string, Omit<IgnoredEntry, 'path'>>;

async function measureRoots(repo: DirectoryHandle, roots: readonly Root[], walk: TreeWalk): Promise<Found> {
  const found: Found = new Map();
  for (const root of roots) {
    const size = { files: 0, bytes: 0 };
    await visitRoot(repo, root, walk, (_path, stats) => add(size, stats));
    if (size.files > 0) found.set(root.name, { kind: root.folder ? 'folder' : 'file', ...size });
  }
  return found;
}

async function measureEntries(folder: DirectoryHandle, path: Buffer, walk: TreeWalk): Promise<Found> {
  const found: Found = new Map();
  for await (const { name, stats } of walk.entriesOf(folder)) {
    const size = { files: 0, bytes: 0 };
    if (stats.isFile()) add(size, stats);
    if (stats.isDirectory())
      await walk.inFolder(folder, name, 0, (child) =>
        walk.visitFiles(child, SLASH, (_path, below) => add(size, below), 1),
      );
    const key = Buffer.concat([withSlash(path), name]).toString('latin1');
    if (size.files > 0) found.set(key, { kind: stats.isFile() ? 'file' : 'folder', ...size });
  }
  return found;
}

async function visitRoot(
  repo: DirectoryHandle,
  { name, folder }: Root,
  walk: TreeWalk,
  onFile: Parameters<TreeWalk['visitFiles']>[2],
): Promise<void> {
  const path = bytesOf(name);
  if (!folder) {
    const file = await fileStats(repo, path, walk);
    if (file) onFile(path, file);
    return;
  }
  const open = await openFolder(repo, path, walk);
  await (open && walk.visitFiles(open, withSlash(path), onFile).finally(() => open.close()));
}

/** null: it is gone, has become a link, or may not be read. */
async function openFolder(
  repo: DirectoryHandle,
  path: Buffer,
  walk: TreeWalk,
): Promise<DirectoryHandle | null> {
  return repo.openDescendant(path).catch((error: unknown) => walk.leaveOut(error));
}

/** null: there is no regular file any more, or we may not look at it. */
async function fileStats(repo: DirectoryHandle, path: Buffer, walk: TreeWalk): Promise<Stats | null> {
  const stats = await inParent(repo, path, (parent, base) => parent.lstat(base)).catch((error: unknown) =>
    walk.leaveOut(error),
  );
  return stats?.isFile() ? stats : null;
}

/** @throws ProblemError ignored_file_not_found */
async function inIgnoredFolder<T>(
  repo: DirectoryHandle,
  roots: readonly Root[],
  walk: TreeWalk,
  text: string,
  work: (folder: DirectoryHandle, name: Buffer) => Promise<T>,
): Promise<T> {
  const name = ignoredName(text, roots);
  const folder = name && (await openFolder(repo, name, walk));
  if (!folder) throw notFound('There is no such folder, or git does not ignore it. List the files again.');
  return work(folder, name).finally(() => folder.close());
}

/** The path that a client named. @returns null when it is not ignored, or could lead elsewhere */
function ignoredName(text: string, roots: readonly Root[]): Buffer | null {
  const path = pathOfText(text);
  const name = path?.toString('latin1') ?? '';
  const plain = name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (!path || !plain || name.includes('\0') || forbiddenPart(path) !== null) return null;
  const ignored = roots.some(
    (root) => name === root.name || (root.folder && name.startsWith(`${root.name}/`)),
  );
  return ignored ? path : null;
}

/** It belongs to git. Its hooks must not come along into an archive. */
const isGitDirectory = (name: Buffer): boolean => forbiddenPart(name) !== null;
const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const bytesOf = (name: string): Buffer => Buffer.from(name, 'latin1');
const withSlash = (path: Buffer): Buffer => Buffer.concat([path, SLASH]);

function add(size: Size, { size: bytes }: { size: number }): void {
  size.files += 1;
  size.bytes = Math.min(size.bytes + bytes, MAX_BYTES);
}

function total(entries: readonly Size[]): Size {
  const sum = { files: 0, bytes: 0 };
  for (const { files, bytes } of entries) {
    sum.files += files;
    sum.bytes = Math.min(sum.bytes + bytes, MAX_BYTES);
  }
  return sum;
}

const notFound = (detail: string) => new ProblemError('ignored_file_not_found', detail);
const tooLarge = (detail: string) => new ProblemError('download_too_large', detail);
