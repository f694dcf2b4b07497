import { readdir, readFile, stat, utimes } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Injectable } from '@nestjs/common';
import { WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import { LOCK, Locks } from '../../database/locks.js';
import { Trash } from '../trash.js';
import { WorkspacePaths } from '../workspace-paths.js';

const MIRROR = /^[0-9a-f]{64}\.git$/;
/** Longer than any workspace is being made, from its mirror's fetch until its `history.git` says what it borrows from. */
const SHORTEST_IDLE_MS = 24 * 60 * 60_000;

/**
 * Removes mirrors that nobody needs. A mirror without which a workspace would lose its objects must never go:
 *
 *     in use now    a workspace's history.git borrows from it (alternates): its time starts anew
 *     in use soon   its last fetch, which touches it under its lock, is a day old at least
 *     unused        idle for so long, and under its lock still both: moved to the trash in one step
 *
 * A clone that comes meanwhile waits for the lock, then finds no mirror and makes one.
 */
@Injectable()
export class MirrorRetention {
  constructor(
    private readonly locks: Locks,
    private readonly paths: WorkspacePaths,
    private readonly trash: Trash,
  ) {}

  /** @returns how many were removed */
  async removeIdle(idleMs: number): Promise<number> {
    const limit = Math.max(idleMs, SHORTEST_IDLE_MS);
    const borrowed = await this.borrowed();
    let removed = 0;
    for (const mirror of await this.all()) {
      if (borrowed.has(mirror)) await touch(mirror);
      else if (await this.removeIfIdle(mirror, limit)) removed += 1;
    }
    return removed;
  }

  private async removeIfIdle(mirror: string, idleMs: number): Promise<boolean> {
    if (!(await isIdle(mirror, idleMs))) return false;
    return this.locks.withLock(LOCK.mirror(relative(this.paths.mirrors, mirror)), async () => {
      if (!(await isIdle(mirror, idleMs)) || (await this.borrowed()).has(mirror)) return false;
      await this.trash.discard(mirror);
      return true;
    });
  }

  private async all(): Promise<string[]> {
    const root = this.paths.mirrors;
    const tenants = await namesIn(root);
    const found = await Promise.all(
      tenants.map(async (tenant) =>
        (await namesIn(join(root, tenant)))
          .filter((name) => MIRROR.test(name))
          .map((name) => join(root, tenant, name)),
      ),
    );
    return found.flat();
  }

  /** The mirrors that workspaces borrow from, as their trusted git directories have it; an agent cannot change those. */
  private async borrowed(): Promise<Set<string>> {
    const folders = await namesIn(dirname(this.paths.trash));
    const mirrors = new Set<string>();
    for (const folder of folders) {
      const alternates = join(this.paths.root, folder, WORKSPACE.history, 'objects', 'info', 'alternates');
      for (const line of (await readIfThere(alternates)).split('\n'))
        if (line !== '') mirrors.add(dirname(line));
    }
    return mirrors;
  }
}

/** From now on it counts as used. */
export async function touch(mirror: string): Promise<void> {
  const now = new Date();
  await utimes(mirror, now, now).catch(unlessGone);
}

async function isIdle(mirror: string, idleMs: number): Promise<boolean> {
  const found = await stat(mirror).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > idleMs;
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(onlyIfGone([]));
const readIfThere = (file: string): Promise<string> => readFile(file, 'utf8').catch(onlyIfGone(''));

/** What cannot be read, for any other reason than that it is not there, must not pass for unused. */
const onlyIfGone =
  <T>(nothing: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return nothing;
    throw error;
  };

const unlessGone = onlyIfGone(undefined);
