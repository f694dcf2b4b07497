import { Injectable } from '@nestjs/common';
import type { SessionBase } from '@saas-codex/contracts/runs';
import { Commits } from './commits.js';
import { HistoryRepository } from './history-repository.js';
import { describeObjects, type ObjectInfo, readObjects } from './object-batch.js';
import { OmittedNames } from './omitted-names.js';
import { pathText } from './path-text.js';
import { type TreeChange, TreeEdits } from './tree-edits.js';

/** Files that are larger, in bytes, are not searched. Nobody resolves those by hand. */
const MAX_SEARCHED = 10_000_000;
/** As git writes them. */
const MARKER = /^(?:<{7}|>{7}) /m;

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

  /**
   * Which conflicts of a merge a later tree still has: files that are as the merge left them, or have a line that is a marker.
   * @returns their paths
   */
  async unresolved(sessionId: string, tree: string, change: TreeChange, now: string): Promise<string[]> {
    const { merged, names } = await this.edits.tryMerge(sessionId, tree, change);
    const objectsIn = (of: string) => names.map((name) => `${of}:${name.toString('latin1')}`);
    const before = await describeObjects(this.history, sessionId, objectsIn(merged));
    const after = await describeObjects(this.history, sessionId, objectsIn(now));
    const left: string[] = [];
    for (const [index, name] of names.entries()) {
      const [was, is] = [before[index] ?? null, after[index] ?? null];
      if (was === null || is === null) continue;
      if (was.id === is.id || (await this.hasMarkers(sessionId, is))) left.push(pathText(name));
    }
    return left;
  }

  private async hasMarkers(sessionId: string, { id, bytes }: ObjectInfo): Promise<boolean> {
    if (bytes > MAX_SEARCHED) return false;
    const [content] = await readObjects(this.history, sessionId, [id], bytes);
    return MARKER.test(content?.toString('latin1') ?? '');
  }
}
