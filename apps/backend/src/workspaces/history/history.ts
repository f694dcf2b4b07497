import { existsSync } from 'node:fs';
import { Injectable, Logger } from '@nestjs/common';
import type { Diff, DiffStat, FilePatch } from '@saas-codex/contracts/diffs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { GitFailure } from '../git/git.js';
import { Storage } from '../storage/storage.js';
import { Checkpoints } from './checkpoints.js';
import { HistoryRepository } from './history-repository.js';
import { TreeDiffs } from './tree-diffs.js';

/**
 * What happened to a session's files: checkpoints, and the diffs between them.
 *
 *     repo/ ── Checkpoints ──► history.git ── TreeDiffs ──► diff, stat, patch
 *     the agent's               ours
 *
 * An agent can write anything in `repo/`, its `.git` included: hooks, filters, settings, all of which git would run or
 * obey. So git never runs with `repo/.git` here. Files are recorded into `history.git`, which no agent can write, and
 * everything else is read from there (docs/adr/0006).
 */
@Injectable()
export class History {
  private readonly logger = new Logger(History.name);

  constructor(
    private readonly repository: HistoryRepository,
    private readonly checkpoints: Checkpoints,
    private readonly diffs: TreeDiffs,
    private readonly storage: Storage,
  ) {}

  /**
   * Records the work tree as it is now.
   * @returns the id of its git tree
   * @throws ProblemError workspace_unreadable when it is lost, or when git cannot cope with what an agent left there
   */
  async takeCheckpoint(sessionId: string): Promise<string> {
    try {
      return await this.checkpoints.takeCheckpoint(sessionId);
    } catch (error) {
      if (!existsSync(this.storage.repoPath(sessionId)))
        throw unreadable("The session's folder is lost. Make a new session.");
      if (!(error instanceof GitFailure)) throw error;
      this.logger.error(`session ${sessionId} cannot be recorded: ${error.message}`);
      throw unreadable(BEYOND_GIT);
    }
  }

  /** True when `tree` is a checkpoint of this session. */
  hasCheckpoint(sessionId: string, tree: string): Promise<boolean> {
    return this.repository.hasCheckpoint(sessionId, tree);
  }

  /** @throws ProblemError workspace_unreadable */
  diffStat(sessionId: string, fromTree: string, toTree: string): Promise<DiffStat> {
    return this.explainFailure(sessionId, this.diffs.diffStat(sessionId, fromTree, toTree));
  }

  /** @throws ProblemError workspace_unreadable */
  diff(sessionId: string, fromTree: string, toTree: string): Promise<Diff> {
    return this.explainFailure(sessionId, this.diffs.diff(sessionId, fromTree, toTree));
  }

  /** @throws ProblemError file_not_found when `path` is not part of the diff; workspace_unreadable */
  filePatch(sessionId: string, fromTree: string, toTree: string, path: string): Promise<FilePatch> {
    return this.explainFailure(sessionId, this.diffs.filePatch(sessionId, fromTree, toTree, path));
  }

  private async explainFailure<T>(sessionId: string, comparison: Promise<T>): Promise<T> {
    try {
      return await comparison;
    } catch (error) {
      if (!(error instanceof GitFailure)) throw error;
      this.logger.error(`changes of session ${sessionId} cannot be compared: ${error.message}`);
      throw unreadable('The changes are too large to compare. Look at a single run, or make a new session.');
    }
  }
}

const BEYOND_GIT =
  'Git cannot read the files: there are too many of them, or a .gitignore is huge, or named pipes stand in for files that git reads, or a folder holds a broken repository. Ask Codex to remove what is not needed, or make a new session.';

const unreadable = (detail: string) => new ProblemError('workspace_unreadable', detail);
