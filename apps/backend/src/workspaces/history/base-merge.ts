import { Injectable } from '@nestjs/common';
import type { SessionBase } from '@saas-codex/contracts/runs';
import { Commits } from './commits.js';
import { HistoryRepository } from './history-repository.js';
import { OmittedNames } from './omitted-names.js';
import { pathText } from './path-text.js';
import { type TreeChange, TreeEdits } from './tree-edits.js';

/** What becomes of files when a branch is merged into them. */
export interface MergedBase {
  tree: string;
  /** Files in which both have changed the same lines: they have conflict markers in the tree, or, if they are no texts, stay ours. */
  conflicts: string[];
}

/** How a session's files and the repository's own commits stand to each other. All in `history.git`. */
@Injectable()
export class BaseMerge {
  constructor(
    private readonly history: HistoryRepository,
    private readonly edits: TreeEdits,
    private readonly commits: Commits,
  ) {}

  /** How many commits of the repository `to` has that `from` does not. */
  async distance(sessionId: string, from: string, to: string): Promise<number> {
    const isKnown = await this.commits.has(sessionId, from);
    return this.history.countCommits(sessionId, isKnown ? `${from}..${to}` : to);
  }

  /**
   * What the session's changes begin with once it has another commit of the repository. Where its checkout converts files (line
   * endings, say), so does this. It counts as a checkpoint from now on.
   */
  async baseAt(sessionId: string, from: SessionBase, commit: string): Promise<SessionBase> {
    const to = await this.history.treeOf(sessionId, commit);
    // A session of an empty repository began with a commit of its own.
    const isKnown = await this.commits.has(sessionId, from.commit);
    const change = { from: isKnown ? await this.history.treeOf(sessionId, from.commit) : from.tree, to };
    const converted = await this.merge(sessionId, from.tree, change);
    const tree = converted.conflicts.length === 0 ? converted.tree : to;
    await this.history.withHistoryLock(sessionId, () =>
      this.history.saveCheckpoint(sessionId, tree, new OmittedNames()),
    );
    return { commit, tree };
  }

  /** Merges the change of a branch into a tree of the session. Conflicts stay in it. */
  async merge(sessionId: string, tree: string, change: TreeChange): Promise<MergedBase> {
    const { merged, names } = await this.edits.tryMerge(sessionId, tree, change);
    return { tree: merged, conflicts: names.map(pathText) };
  }
}
