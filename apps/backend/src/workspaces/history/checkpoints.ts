import { Injectable } from '@nestjs/common';
import { GitFailure } from '../git/git.js';
import { DirectoryHandle } from '../storage/directory-handle.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { EMPTY_BLOB, HistoryRepository } from './history-repository.js';
import { LfsContents } from './lfs-contents.js';
import { OmittedNames } from './omitted-names.js';
import { Submodules } from './submodules.js';
import { batchesOf, listedFolders, type WorkTreeEntry } from './work-tree-names.js';
import { type Finding, WorkTreeReader } from './work-tree-reader.js';

/** A checkout that no agent has seen yet. */
export interface FreshClone {
  /** The tree that is checked out. */
  tree: string;
  /** Files that may differ from what git has recorded, because an attribute makes git convert them. */
  converted: WorkTreeEntry[];
}

const MAX_ATTEMPTS = 3;
/** How deep repositories in repositories are looked into. */
const MAX_NESTING = 8;
/** How many names are recorded at once, so that a work tree of any size takes bounded memory. */
const BATCH = 20_000;
const NO_OBJECT = '0'.repeat(40);
const PLACEHOLDER = '.saas-codex-nested';

/**
 * Records the work tree as a git tree, honouring its .gitignore files.
 *
 *     ls-files: which names are new, changed, gone? ─► WorkTreeReader: what is really there? ─► fast-import: contents
 *        ref ◄─ write-tree ◄─ update-index --refresh: which files can be skipped next time? ◄─ update-index: names
 *
 * The first checkpoint, of a clone that no agent has seen yet, is taken from the clone's own index.
 *
 * git reads the work tree by path, and an agent may replace any folder with a link meanwhile. So git only lists names
 * and compares. What it compares with may lie anywhere, but it only decides whether we look at a name. Contents are
 * read by WorkTreeReader alone, which cannot be led out of the work tree.
 *
 * Submodules stay as they were on the base commit; one with other files than were fetched is named as left out. A repository
 * inside the repository is recorded as plain files:
 * ls-files stops at such a folder unless the index has an entry below it, so we add a placeholder while it is listed.
 */
@Injectable()
export class Checkpoints {
  /** By session: the checkpoint that has not begun yet. Everyone who asks meanwhile shares it. */
  private readonly waiting = new Map<string, Promise<string>>();

  constructor(
    private readonly history: HistoryRepository,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
    private readonly submodules: Submodules,
    private readonly lfs: LfsContents,
  ) {}

  /** @returns the tree of the work tree, before any agent has seen it */
  takeFirstCheckpoint(sessionId: string, { tree, converted }: FreshClone): Promise<string> {
    return this.history.withHistoryLock(sessionId, async () => {
      await this.history.adoptIndex(sessionId);
      const omitted = new OmittedNames();
      if (converted.length > 0) {
        await this.recordEntries(sessionId, converted, omitted);
        return this.writeTree(sessionId, omitted);
      }
      await this.history.saveCheckpoint(sessionId, tree, omitted);
      return tree;
    });
  }

  /**
   * @param inPlace runs the work when there is room for it
   * @returns the tree of the work tree at some moment after the call
   */
  takeCheckpoint(sessionId: string, inPlace: <T>(work: () => Promise<T>) => Promise<T>): Promise<string> {
    const present = this.waiting.get(sessionId);
    if (present) return present;
    const begin = () => {
      if (this.waiting.get(sessionId) === taken) this.waiting.delete(sessionId);
    };
    const taken = inPlace(() =>
      this.history.withHistoryLock(sessionId, () => {
        begin();
        return this.recordWorkTree(sessionId);
      }),
    );
    this.waiting.set(sessionId, taken);
    // It may fail before it begins, for want of the lock.
    taken.catch(begin);
    return taken;
  }

  /** Makes the index that of a tree, which the work tree is likely to have: then files that the tree ignores are ignored. */
  async adoptTree(sessionId: string, tree: string): Promise<void> {
    await this.history.withHistoryLock(sessionId, () =>
      this.history.writeObjects(sessionId, ['read-tree', '-m', '-i', tree]),
    );
  }

  /** Tries again when git fails, because the agent may be changing files at the same time. */
  private async recordWorkTree(sessionId: string): Promise<string> {
    let omitted: OmittedNames;
    for (let attempt = 1; ; attempt++) {
      try {
        omitted = await this.updateIndex(sessionId);
        break;
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !(error instanceof GitFailure) || error.kind !== 'exit') throw error;
      }
    }
    return this.writeTree(sessionId, omitted);
  }

  private async writeTree(sessionId: string, omitted: OmittedNames): Promise<string> {
    const { stdout } = await this.history.writeObjects(sessionId, ['write-tree']);
    const tree = stdout.toString('latin1').trim();
    await this.history.saveCheckpoint(sessionId, tree, omitted);
    return tree;
  }

  /** @returns what cannot be recorded */
  private async updateIndex(sessionId: string): Promise<OmittedNames> {
    const omitted = new OmittedNames();
    const listing = await this.listChanges(sessionId);
    for (const entries of batchesOf(listing, BATCH, omitted)) {
      const recorded = await this.lfs.withoutContents(sessionId, entries, omitted);
      await this.recordEntries(sessionId, recorded, omitted);
    }
    if (listing.length > 0)
      await this.history.runOnWorkTree(sessionId, ['update-index', '-q', '--ignore-submodules', '--refresh']);
    await this.submodules.omitFilled(sessionId, omitted);
    return omitted;
  }

  /** Records these entries in the index. */
  private async recordEntries(
    sessionId: string,
    entries: readonly WorkTreeEntry[],
    omitted: OmittedNames,
  ): Promise<void> {
    const present: Buffer[] = [];
    const gone = new Set<Buffer>();
    const folders = new Set<Buffer>();
    await this.readContents(sessionId, entries, (finding) => {
      if (finding.is === 'content') present.push(indexLine(finding.mode, finding.oid, finding.name));
      else if (finding.is === 'gone') gone.add(finding.name);
      else if (finding.is === 'folder') folders.add(finding.name);
      else omitted.add(finding.name);
    });
    const submodules =
      folders.size > 0 ? await this.submodules.inIndex(sessionId) : new Map<string, string>();
    const removed = entries
      .filter(({ tracked }) => tracked)
      .filter(({ name }) => gone.has(name) || (folders.has(name) && !submodules.has(name.toString('latin1'))))
      .map(({ name }) => indexLine('0', NO_OBJECT, name));
    await this.updateEntries(sessionId, [...removed, ...present]);
  }

  private async readContents(
    sessionId: string,
    entries: readonly WorkTreeEntry[],
    onFinding: (finding: Finding) => void,
  ): Promise<void> {
    const root = await DirectoryHandle.openPath(this.storage.repoPath(sessionId));
    try {
      const reader = new WorkTreeReader(root, this.limits.checkpointFileBytes);
      const names = entries.map(({ name }) => name);
      await this.history.writeObjects(sessionId, ['fast-import', '--quiet', '--done', '--depth=0'], {
        input: reader.readWorkTree(names, onFinding),
      });
    } finally {
      root.close();
    }
  }

  /** @returns the listing of files that are new, changed or gone, those of nested repositories included */
  private async listChanges(sessionId: string): Promise<Buffer> {
    for (let depth = 0; ; depth++) {
      const { stdout } = await this.history.runOnWorkTree(sessionId, [
        'ls-files',
        '-z',
        '-t',
        '--others',
        '--modified',
        '--deleted',
        '--exclude-standard',
      ]);
      const nested = listedFolders(stdout);
      if (nested.length === 0 || depth === MAX_NESTING) return stdout;
      const placeholders = nested.map((name) => Buffer.concat([name, Buffer.from(PLACEHOLDER)]));
      await this.updateEntries(
        sessionId,
        placeholders.map((name) => indexLine('100644', EMPTY_BLOB, name)),
      );
    }
  }

  private async updateEntries(sessionId: string, lines: readonly Buffer[]): Promise<void> {
    if (lines.length === 0) return;
    const input = Buffer.concat(lines);
    await this.history.writeObjects(sessionId, ['update-index', '-z', '--index-info'], { input });
  }
}

const indexLine = (mode: string, oid: string, name: Buffer) =>
  Buffer.concat([Buffer.from(`${mode} ${oid}\t`), name, Buffer.of(0)]);
