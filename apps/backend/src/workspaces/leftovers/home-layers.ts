import { lstat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { type Home, type HomeChange, type HomeLayer, MAX_HOME_CHANGES } from '@saas-codex/contracts/home';
import { HOMES } from '@saas-codex/contracts/workspace-layout';
import { pathText } from '../history/path-text.js';
import { DirectoryHandle } from '../storage/directory-handle.js';
import { Storage } from '../storage/storage.js';
import { SLASH, TreeWalk } from '../storage/tree-walk.js';
import { WorkspaceLimits } from '../workspace-limits.js';

/** Opens nothing: there is no such folder. */
const NOTHING = null;
const ROOT = Buffer.alloc(0);

/**
 * What a session's runs keep in HOME, outside of the repository.
 *
 *     homes/setup ─── compared with nothing ────────► what setup scripts left there
 *     homes/agent ─── compared with homes/setup ────► what agents changed in their copy of it
 *
 * A file of agents is changed if it differs from that of the setup, or if the kernel has changed its inode since the copy
 * was made: an agent can give a file any content, size and time of modification, but not an older time of that.
 */
@Injectable()
export class HomeLayers {
  constructor(
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
  ) {}

  async read(sessionId: string): Promise<Home> {
    const homes = this.storage.homesPath(sessionId);
    const [setup, copy] = await Promise.all([
      openFolder(join(homes, HOMES.setup)),
      timeOf(join(homes, HOMES.record)).then((inUse) =>
        inUse === null ? NOTHING : openFolder(join(homes, HOMES.agent)),
      ),
    ]);
    try {
      return {
        layers: [
          await this.compare('setup', setup, NOTHING, null),
          await this.compare('agents', copy, copy && setup, await timeOf(join(homes, HOMES.copied))),
        ],
      };
    } finally {
      setup?.close();
      copy?.close();
    }
  }

  /** The next agent starts with a new copy of what the setup left. Its caller makes sure that no run works. */
  reset(sessionId: string): Promise<void> {
    return this.storage.removeAgentHome(sessionId);
  }

  private async compare(
    layer: 'setup' | 'agents',
    folder: DirectoryHandle | null,
    base: DirectoryHandle | null,
    since: number | null,
  ): Promise<HomeLayer> {
    const walk = new TreeWalk({ entries: this.limits.leftoverEntries, ms: this.limits.diffMs });
    const comparison = new Comparison(walk, since);
    const compared = folder && comparison.compareFolders(folder, base, ROOT, 0);
    await compared?.catch((error: unknown) => walk.leaveOut(error));
    const { files, bytes, changes } = comparison;
    return {
      layer,
      files,
      bytes,
      changes: changes.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
      ...(walk.incomplete && { incomplete: true }),
    };
  }
}

class Comparison {
  files = 0;
  bytes = 0;
  readonly changes: HomeChange[] = [];

  constructor(
    private readonly walk: TreeWalk,
    /** When the copy was made, in milliseconds; null: unknown. */
    private readonly since: number | null,
  ) {}

  async compareFolders(
    folder: DirectoryHandle,
    base: DirectoryHandle | null,
    path: Buffer,
    depth: number,
  ): Promise<void> {
    for await (const { name, stats } of this.walk.entriesOf(folder)) {
      const before = (await base?.lstat(name)) ?? null;
      const at = Buffer.concat([path, name]);
      if (stats.isDirectory()) {
        await this.walk.inFolder(folder, name, depth, (child) =>
          this.inBase(base, name, (below) => this.compareFolders(child, below, withSlash(at), depth + 1)),
        );
      } else if (!before || before.isDirectory()) this.add(at, 'added', stats.size);
      else if (await this.isChanged(folder, base, name, stats, before)) this.add(at, 'modified', stats.size);
    }
    if (base) await this.findDeleted(folder, base, path, depth);
  }

  /** What `base` has and `folder` does not. */
  private async findDeleted(
    folder: DirectoryHandle | null,
    base: DirectoryHandle,
    path: Buffer,
    depth: number,
  ): Promise<void> {
    for await (const { name, stats } of this.walk.entriesOf(base)) {
      const now = (await folder?.lstat(name)) ?? null;
      const at = Buffer.concat([path, name]);
      if (!stats.isDirectory()) {
        if (!now || now.isDirectory()) this.add(at, 'deleted', 0);
      } else if (!now?.isDirectory()) {
        await this.walk.inFolder(base, name, depth, (child) =>
          this.findDeleted(null, child, withSlash(at), depth + 1),
        );
      }
    }
  }

  private async inBase(
    base: DirectoryHandle | null,
    name: Buffer,
    work: (below: DirectoryHandle | null) => Promise<void>,
  ): Promise<void> {
    const below = (await base?.openChild(name)) ?? null;
    await work(below).finally(() => below?.close());
  }

  private async isChanged(
    folder: DirectoryHandle,
    base: DirectoryHandle | null,
    name: Buffer,
    stats: Stats,
    before: Stats,
  ): Promise<boolean> {
    if (stats.mode !== before.mode || stats.size !== before.size || stats.mtimeMs !== before.mtimeMs)
      return true;
    if (this.since !== null && stats.ctimeMs > this.since) return true;
    if (!stats.isSymbolicLink() || !base) return false;
    const [now, then] = await Promise.all([folder.readlink(name), base.readlink(name)]);
    return !now.equals(then);
  }

  private add(path: Buffer, status: 'added' | 'modified' | 'deleted', bytes: number): void {
    this.files += 1;
    // Files may be sparse, so their sizes may add up to anything.
    this.bytes = Math.min(this.bytes + bytes, Number.MAX_SAFE_INTEGER);
    if (this.changes.length < MAX_HOME_CHANGES)
      this.changes.push({ path: pathText(path), status, bytes: Math.min(bytes, Number.MAX_SAFE_INTEGER) });
  }
}

const withSlash = (path: Buffer): Buffer => Buffer.concat([path, SLASH]);

const openFolder = (path: string): Promise<DirectoryHandle | null> =>
  DirectoryHandle.openPath(path).catch(nullWhenAbsent);

/** When the file was changed last, in milliseconds; null: there is none. */
const timeOf = (path: string): Promise<number | null> =>
  lstat(path).then(({ ctimeMs }) => ctimeMs, nullWhenAbsent);

function nullWhenAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
}
