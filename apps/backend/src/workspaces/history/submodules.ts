import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { DirectoryHandle } from '../storage/directory-handle.js';
import { Storage } from '../storage/storage.js';
import { TreeWalk } from '../storage/tree-walk.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { SUBMODULE_MODE } from './changed-files.js';
import { digestFolder } from './folder-digest.js';
import { HistoryRepository } from './history-repository.js';
import type { OmittedNames } from './omitted-names.js';

/** How many folders of submodules are looked into. */
const MAX_FOLDERS = 1_000;

/** What was fetched for a submodule: its name as bytes in latin1, its commit, and the digest of its files. */
const Fetched = z.object({ name: z.string(), commit: z.string(), digest: z.string() });
type Fetched = z.infer<typeof Fetched>;

/**
 * Checkpoints keep submodules as the base commit has them: their commits live in repositories of their own, which agents
 * can write. Nothing that is in the folder of a submodule is recorded, so a folder that is not empty is named as left out,
 * unless all in it is as it was fetched.
 */
@Injectable()
export class Submodules {
  constructor(
    private readonly history: HistoryRepository,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
  ) {}

  /** Remembers what is in the folders of the submodules as what was fetched for them, before any agent has seen it. */
  async rememberFetched(sessionId: string): Promise<void> {
    const commits = await this.inIndex(sessionId);
    const filled = await this.filledFolders(sessionId, [...commits.keys()].slice(0, MAX_FOLDERS));
    const digests = await this.digestsOf(sessionId, filled);
    const fetched = [...digests].map(([name, digest]): Fetched => ({
      name,
      commit: commits.get(name) ?? '',
      digest,
    }));
    await writeFile(this.fetchedPath(sessionId), JSON.stringify(fetched));
  }

  /** Names the submodules whose folders have other files than those that were fetched. To be called with the history's lock. */
  async omitFilled(sessionId: string, omitted: OmittedNames): Promise<void> {
    const names = await this.ofSession(sessionId);
    if (names.length === 0) return;
    const filled = await this.filledFolders(sessionId, names.slice(0, MAX_FOLDERS));
    if (filled.length === 0) return;
    // The folder of a submodule that an agent has removed is an ordinary folder.
    const present = await this.inIndex(sessionId);
    const fetched = (await this.fetchedOf(sessionId)).filter(
      ({ name, commit }) => present.get(name) === commit,
    );
    const digests = await this.digestsOf(
      sessionId,
      fetched.map(({ name }) => name),
    );
    const unchanged = new Set(
      fetched.filter(({ name, digest }) => digests.get(name) === digest).map(({ name }) => name),
    );
    for (const name of filled)
      if (present.has(name) && !unchanged.has(name)) omitted.add(Buffer.from(`${name}/`, 'latin1'));
  }

  /** @returns the commits of the submodules in the index, by name as bytes in latin1 */
  async inIndex(sessionId: string): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await this.history.runOnObjects(sessionId, ['ls-files', '-z', '--stage']);
    const commits = new Map<string, string>();
    for (let start = 0; start < stdout.length;) {
      const end = stdout.indexOf(0, start);
      const line = stdout.subarray(start, end);
      if (line.indexOf(`${SUBMODULE_MODE} `) === 0) {
        const commit = line.toString(
          'latin1',
          SUBMODULE_MODE.length + 1,
          line.indexOf(' ', SUBMODULE_MODE.length + 1),
        );
        commits.set(line.toString('latin1', line.indexOf('\t') + 1), commit);
      }
      start = end + 1;
    }
    return commits;
  }

  /** Checkpoints add none, so they are listed once for each session. */
  private async ofSession(sessionId: string): Promise<string[]> {
    const file = join(this.storage.historyPath(sessionId), 'submodules');
    const known = await readFile(file, 'latin1').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (known !== null) return known.split('\0').filter((name) => name !== '');
    const names = [...(await this.inIndex(sessionId)).keys()];
    await writeFile(file, names.map((name) => `${name}\0`).join(''), 'latin1');
    return names;
  }

  private async fetchedOf(sessionId: string): Promise<Fetched[]> {
    const text = await readFile(this.fetchedPath(sessionId), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    });
    return z.array(Fetched).parse(JSON.parse(text));
  }

  private fetchedPath(sessionId: string): string {
    return join(this.storage.historyPath(sessionId), 'fetched-submodules.json');
  }

  /** @returns the digests of those folders of which all could be seen */
  private async digestsOf(sessionId: string, names: readonly string[]): Promise<Map<string, string>> {
    const digests = new Map<string, string>();
    if (names.length === 0) return digests;
    const walk = new TreeWalk({ entries: 2 * this.limits.checkoutFiles, ms: this.limits.diffMs });
    const root = await DirectoryHandle.openPath(this.storage.repoPath(sessionId));
    try {
      for (const name of names) {
        const folder = await root.openDescendant(Buffer.from(name, 'latin1')).catch(() => null);
        const digest = folder && (await digestFolder(folder, walk).finally(() => folder.close()));
        if (digest !== null) digests.set(name, digest);
      }
    } finally {
      root.close();
    }
    return digests;
  }

  private async filledFolders(sessionId: string, names: readonly string[]): Promise<string[]> {
    const root = await DirectoryHandle.openPath(this.storage.repoPath(sessionId));
    const filled: string[] = [];
    try {
      for (const name of names) if (await hasEntries(root, Buffer.from(name, 'latin1'))) filled.push(name);
    } finally {
      root.close();
    }
    return filled;
  }
}

/** A folder that we may not read counts as one with entries. */
async function hasEntries(root: DirectoryHandle, name: Buffer): Promise<boolean> {
  let folder: DirectoryHandle | null = null;
  try {
    folder = await root.openDescendant(name);
    if (folder === null) return false;
    for await (const _ of folder.entries()) return true;
    return false;
  } catch {
    return true;
  } finally {
    folder?.close();
  }
}
