import { Injectable } from '@nestjs/common';
import { GitFailure } from '../git/git-failure.js';
import { EMPTY_BLOB, HistoryRepository } from './history-repository.js';
import { parseWorkTreeEntries, WorkTreeChanges, type WorkTreeEntry } from './work-tree-changes.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { WorkspacePaths } from '../workspace-paths.js';

const ATTEMPTS = 3;
const NESTING = 8;
const NO_OBJECT = '0'.repeat(40);
const PLACEHOLDER = '.saas-codex-nested';

/**
 * Records the work tree as a git tree, honouring its .gitignore files.
 *
 *     ls-files: what changed, what is new? ─► lstat: what is it really? ─► update-index ─► write-tree ─► ref
 *
 * `git add` would do the same and is not safe here (see HistoryRepository.onWorkTree). Submodules stay as they were
 * on the base commit. A repository inside the repository is recorded as the files that it consists of: ls-files
 * stops at such a folder unless the index has an entry below it, so it gets a placeholder for as long as it takes.
 */
@Injectable()
export class Checkpoints {
  /** Per session: the checkpoint that has not begun yet; whoever asks meanwhile shares it. */
  private readonly waiting = new Map<string, Promise<string>>();

  constructor(
    private readonly history: HistoryRepository,
    private readonly paths: WorkspacePaths,
    private readonly limits: WorkspaceLimits,
  ) {}

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

  /** A file that changes its kind between the look and the recording fails the attempt: look again. */
  private async record(sessionId: string): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.updateIndex(sessionId);
        break;
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof GitFailure) || error.kind !== 'exit') throw error;
      }
    }
    const { stdout } = await this.history.onWorkTree(sessionId, { args: ['write-tree'] });
    const tree = stdout.toString('latin1').trim();
    await this.history.keep(sessionId, tree);
    return tree;
  }

  private async updateIndex(sessionId: string): Promise<void> {
    const entries = await this.list(sessionId);
    if (entries.length === 0) return;
    const changes = new WorkTreeChanges(this.paths.repo(sessionId), this.limits.checkpointFileBytes, () =>
      this.submodules(sessionId),
    );
    const { gone, present } = await changes.judge(entries);
    await this.indexInfo(
      sessionId,
      gone.map((name) => indexLine('0', NO_OBJECT, name)),
    );
    if (present.length === 0) return;
    await this.history.onWorkTree(sessionId, {
      args: [
        'update-index',
        '-q',
        '--ignore-submodules',
        '--refresh',
        '--verbose',
        '-z',
        '--add',
        '--remove',
        '--replace',
        '--stdin',
      ],
      input: Buffer.concat(present.map((name) => Buffer.concat([name, Buffer.of(0)]))),
    });
  }

  /** What is new, changed or gone, nested repositories included. */
  private async list(sessionId: string): Promise<WorkTreeEntry[]> {
    for (let depth = 0; ; depth++) {
      const { stdout } = await this.history.onWorkTree(sessionId, {
        args: ['ls-files', '-z', '-t', '--others', '--modified', '--deleted', '--exclude-standard'],
      });
      const entries = parseWorkTreeEntries(stdout);
      const nested = entries.filter(({ folder }) => folder);
      if (nested.length === 0 || depth === NESTING) return entries.filter(({ folder }) => !folder);
      const placeholders = nested.map(({ name }) => Buffer.concat([name, Buffer.from(PLACEHOLDER)]));
      await this.indexInfo(
        sessionId,
        placeholders.map((name) => indexLine('100644', EMPTY_BLOB, name)),
      );
    }
  }

  private async indexInfo(sessionId: string, lines: Buffer[]): Promise<void> {
    if (lines.length === 0) return;
    const input = Buffer.concat(lines);
    await this.history.onWorkTree(sessionId, { args: ['update-index', '-z', '--index-info'], input });
  }

  private async submodules(sessionId: string): Promise<ReadonlySet<string>> {
    const { stdout } = await this.history.onWorkTree(sessionId, { args: ['ls-files', '-z', '--stage'] });
    const lines = stdout.toString('latin1').split('\0');
    return new Set(
      lines.filter((line) => line.startsWith('160000 ')).map((line) => line.slice(line.indexOf('\t') + 1)),
    );
  }
}

const indexLine = (mode: string, oid: string, name: Buffer) =>
  Buffer.concat([Buffer.from(`${mode} ${oid}\t`), name, Buffer.of(0)]);
