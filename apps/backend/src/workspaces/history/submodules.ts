import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { DirectoryHandle } from '../storage/directory-handle.js';
import { Storage } from '../storage/storage.js';
import { SUBMODULE_MODE } from './changed-files.js';
import { HistoryRepository } from './history-repository.js';
import type { OmittedNames } from './omitted-names.js';

/** How many folders of submodules are looked into. */
const MAX_FOLDERS = 1_000;

/**
 * Checkpoints keep submodules as the base commit has them: their commits live in repositories of their own, which agents
 * can write. Nothing that is in the folder of a submodule is recorded, so a folder that is not empty is named as left out.
 */
@Injectable()
export class Submodules {
  constructor(
    private readonly history: HistoryRepository,
    private readonly storage: Storage,
  ) {}

  /** Names the submodules whose folders have files. To be called with the history's lock. */
  async omitFilled(sessionId: string, omitted: OmittedNames): Promise<void> {
    const names = await this.ofSession(sessionId);
    if (names.length === 0) return;
    const filled = await this.filledFolders(sessionId, names.slice(0, MAX_FOLDERS));
    if (filled.length === 0) return;
    // The folder of a submodule that an agent has removed is an ordinary folder.
    const present = await this.inIndex(sessionId);
    for (const name of filled) if (present.has(name)) omitted.add(Buffer.from(`${name}/`, 'latin1'));
  }

  /** @returns the names of the submodules in the index, as bytes in latin1 */
  async inIndex(sessionId: string): Promise<ReadonlySet<string>> {
    const { stdout } = await this.history.runOnObjects(sessionId, ['ls-files', '-z', '--stage']);
    const names = new Set<string>();
    for (let start = 0; start < stdout.length;) {
      const end = stdout.indexOf(0, start);
      const line = stdout.subarray(start, end);
      if (line.indexOf(`${SUBMODULE_MODE} `) === 0)
        names.add(line.toString('latin1', line.indexOf('\t') + 1));
      start = end + 1;
    }
    return names;
  }

  /** Checkpoints add none, so they are listed once for each session. */
  private async ofSession(sessionId: string): Promise<string[]> {
    const file = join(this.storage.historyPath(sessionId), 'submodules');
    const known = await readFile(file, 'latin1').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (known !== null) return known.split('\0').filter((name) => name !== '');
    const names = [...(await this.inIndex(sessionId))];
    await writeFile(file, names.map((name) => `${name}\0`).join(''), 'latin1');
    return names;
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
