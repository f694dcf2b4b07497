import { Injectable } from '@nestjs/common';
import type { NewClone } from '../clones/session-clone.js';
import { GitFailure } from '../git/git-failure.js';
import { HeldFolder } from '../held-folder.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { WorkspacePaths } from '../workspace-paths.js';
import { SUBMODULE_MODE } from './changed-files.js';
import { EMPTY_BLOB, HistoryRepository } from './history-repository.js';
import { OmittedFiles } from './omitted-files.js';
import { canBeInTree } from './tree-name.js';
import { parseWorkTreeEntries, type WorkTreeEntry } from './work-tree-listing.js';
import { type Finding, WorkTreeReader } from './work-tree-reader.js';

const ATTEMPTS = 3;
const NESTING = 8;
const NO_OBJECT = '0'.repeat(40);
const PLACEHOLDER = '.saas-codex-nested';

/**
 * Records the work tree as a git tree, honouring its .gitignore files.
 *
 *     ls-files: which names are new, changed, gone? ─► WorkTreeReader: what is really there? ─► fast-import: contents
 *        ref ◄─ write-tree ◄─ update-index --refresh: which files need no look next time? ◄─ update-index: names
 *
 * The first one, of a clone that no agent has seen yet, is what the clone's own index says.
 *
 * git itself reads the work tree by name, and an agent may put a link in the place of any folder meanwhile. So git
 * only tells names, and compares; what it compares with may lie anywhere, but decides no more than whether a name is
 * looked at. Contents are read by WorkTreeReader alone, which cannot be led out of the work tree.
 *
 * Submodules stay as they were on the base commit. A repository inside the repository is recorded as the files that
 * it consists of: ls-files stops at such a folder unless the index has an entry below it, so it gets a placeholder
 * for as long as it takes.
 */
@Injectable()
export class Checkpoints {
  /** Per session: the checkpoint that has not begun yet; whoever asks meanwhile shares it. */
  private readonly waiting = new Map<string, Promise<string>>();

  constructor(
    private readonly history: HistoryRepository,
    private readonly omitted: OmittedFiles,
    private readonly paths: WorkspacePaths,
    private readonly limits: WorkspaceLimits,
  ) {}

  /**
   * The first one, before any agent has seen the work tree.
   * @param clone what is checked out, and the files that may differ from it
   */
  begin(sessionId: string, { tree, converted }: NewClone): Promise<string> {
    return this.history.exclusively(sessionId, async () => {
      await this.history.adoptIndex(sessionId);
      if (converted.length > 0)
        return this.writeTree(sessionId, await this.recordEntries(sessionId, converted));
      await this.history.keep(sessionId, tree);
      return tree;
    });
  }

  /** @returns the tree of the work tree at some moment after the call */
  take(sessionId: string): Promise<string> {
    const present = this.waiting.get(sessionId);
    if (present) return present;
    const taken = this.history.exclusively(sessionId, () => {
      this.waiting.delete(sessionId);
      return this.record(sessionId);
    });
    this.waiting.set(sessionId, taken);
    return taken;
  }

  /** The agent may change things so that git stumbles: look again. */
  private async record(sessionId: string): Promise<string> {
    let unreadable: Buffer[];
    for (let attempt = 1; ; attempt++) {
      try {
        unreadable = await this.updateIndex(sessionId);
        break;
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof GitFailure) || error.kind !== 'exit') throw error;
      }
    }
    return this.writeTree(sessionId, unreadable);
  }

  private async writeTree(sessionId: string, unreadable: readonly Buffer[]): Promise<string> {
    const { stdout } = await this.history.write(sessionId, ['write-tree']);
    const tree = stdout.toString('latin1').trim();
    await this.omitted.record(sessionId, tree, unreadable);
    await this.history.keep(sessionId, tree);
    return tree;
  }

  /** @returns names that are left out */
  private async updateIndex(sessionId: string): Promise<Buffer[]> {
    const entries = await this.list(sessionId);
    if (entries.length === 0) return [];
    const unreadable = await this.recordEntries(sessionId, entries);
    await this.history.onWorkTree(sessionId, ['update-index', '-q', '--ignore-submodules', '--refresh']);
    return unreadable;
  }

  /** Looks at these entries. @returns names that are left out */
  private async recordEntries(sessionId: string, entries: readonly WorkTreeEntry[]): Promise<Buffer[]> {
    if (entries.length === 0) return [];
    const present: Buffer[] = [];
    const unreadable: Buffer[] = [];
    const gone = new Set<Buffer>();
    const folders = new Set<Buffer>();
    await this.readContents(sessionId, entries, (finding) => {
      if (finding.is === 'content') present.push(indexLine(finding.mode, finding.oid, finding.name));
      else if (finding.is === 'gone') gone.add(finding.name);
      else if (finding.is === 'folder') folders.add(finding.name);
      else unreadable.push(finding.name);
    });
    const submodules = folders.size > 0 ? await this.submodules(sessionId) : new Set<string>();
    const removed = entries
      .filter(({ tracked }) => tracked)
      .filter(({ name }) => gone.has(name) || (folders.has(name) && !submodules.has(name.toString('latin1'))))
      .map(({ name }) => indexLine('0', NO_OBJECT, name));
    await this.indexInfo(sessionId, [...removed, ...present]);
    return unreadable;
  }

  private async readContents(
    sessionId: string,
    entries: readonly WorkTreeEntry[],
    onFinding: (finding: Finding) => void,
  ): Promise<void> {
    const root = await HeldFolder.open(this.paths.repo(sessionId));
    try {
      const reader = new WorkTreeReader(root, this.limits.checkpointFileBytes);
      const names = entries.map(({ name }) => name);
      await this.history.write(sessionId, ['fast-import', '--quiet', '--done', '--depth=0'], {
        input: reader.read(names, onFinding),
      });
    } finally {
      root.close();
    }
  }

  /** What is new, changed or gone, nested repositories included. */
  private async list(sessionId: string): Promise<WorkTreeEntry[]> {
    for (let depth = 0; ; depth++) {
      const { stdout } = await this.history.onWorkTree(sessionId, [
        'ls-files',
        '-z',
        '-t',
        '--others',
        '--modified',
        '--deleted',
        '--exclude-standard',
      ]);
      const entries = parseWorkTreeEntries(stdout).filter(({ name }) => canBeInTree(name));
      const nested = entries.filter(({ folder }) => folder);
      if (nested.length === 0 || depth === NESTING) return entries.filter(({ folder }) => !folder);
      const placeholders = nested.map(({ name }) => Buffer.concat([name, Buffer.from(PLACEHOLDER)]));
      await this.indexInfo(
        sessionId,
        placeholders.map((name) => indexLine('100644', EMPTY_BLOB, name)),
      );
    }
  }

  private async indexInfo(sessionId: string, lines: readonly Buffer[]): Promise<void> {
    if (lines.length === 0) return;
    const input = Buffer.concat(lines);
    await this.history.write(sessionId, ['update-index', '-z', '--index-info'], { input });
  }

  /** Names, as bytes in latin1. */
  private async submodules(sessionId: string): Promise<ReadonlySet<string>> {
    const { stdout } = await this.history.read(sessionId, ['ls-files', '-z', '--stage']);
    const lines = stdout.toString('latin1').split('\0');
    return new Set(
      lines
        .filter((line) => line.startsWith(`${SUBMODULE_MODE} `))
        .map((line) => line.slice(line.indexOf('\t') + 1)),
    );
  }
}

const indexLine = (mode: string, oid: string, name: Buffer) =>
  Buffer.concat([Buffer.from(`${mode} ${oid}\t`), name, Buffer.of(0)]);
