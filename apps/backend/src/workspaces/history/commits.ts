import { Injectable } from '@nestjs/common';
import type { SessionBase } from '@saas-codex/contracts/runs';
import { type CommitSigning, withCommitSigning } from '../git/commit-signing.js';
import type { SshKey } from '../git/ssh-agent.js';
import { changedEntries } from './changed-entries.js';
import { HistoryRepository } from './history-repository.js';

/** Who a commit is by, as git shows it. */
export interface CommitPerson {
  name: string;
  email: string;
}

/** A commit to be made. */
export interface CommitStep {
  /** A checkpoint of the session, or a state on the way to one, as `AgentCommits` makes it. */
  tree: string;
  author: CommitPerson;
  /** When the work was done. */
  at: Date;
  message: string;
  /** Where the session's changes began then. A commit of the repository that the one before does not have becomes a parent, too. */
  base: SessionBase;
}

export interface CommitRequest {
  /** The commit to continue. null: none, so that the first one has no parent. */
  parent: string | null;
  committer: CommitPerson;
  /** Signs each of them. null: nothing does */
  signer: SshKey | null;
  /** In order. Those that change nothing are left out. */
  steps: readonly CommitStep[];
}

export interface MadeCommits {
  /** Of the last one. */
  oid: string;
  message: string;
  count: number;
}

/**
 * Makes commits of checkpoints, by plumbing on `history.git` alone. No file of the work tree is read, and nothing of the
 * agent's own repository: no hook, filter or setting has a say in what is committed.
 *
 *     checkpoint ── shippedTree ──► tree ── commit-tree ──► commit ── update-ref ──► refs/commits/<oid>
 *
 * With a key of the organisation, each is signed (git/commit-signing.ts). The tree is the checkpoint itself, bit by bit. Only where the clone's own checkout converted files (line endings, say), so
 * that the session's base differs from the base commit, do files that nobody has changed since stay as the commit has them:
 * else each of them would be shipped as a change that no diff has shown.
 */
@Injectable()
export class Commits {
  constructor(private readonly history: HistoryRepository) {}

  /** @returns null when the steps change nothing @throws GitFailure */
  make(sessionId: string, request: CommitRequest): Promise<MadeCommits | null> {
    return this.history.withHistoryLock(sessionId, () =>
      withCommitSigning(request.signer, (signing) => this.makeAll(sessionId, request, signing)),
    );
  }

  private async makeAll(
    sessionId: string,
    { parent, committer, steps }: CommitRequest,
    signing: CommitSigning,
  ): Promise<MadeCommits | null> {
    let last = parent;
    let lastTree = parent === null ? null : await this.history.treeOf(sessionId, parent);
    let message = '';
    let count = 0;
    for (const step of steps) {
      const tree = last === null ? step.tree : await this.shippedTree(sessionId, step);
      const merged = last === null ? [] : await this.mergedBy(sessionId, step, last);
      if (tree === lastTree && merged.length === 0) continue;
      const parents = [...(last === null ? [] : [last]), ...merged];
      last = await this.commit(sessionId, { ...step, tree }, parents, { committer, signing });
      lastTree = tree;
      ({ message } = step);
      count++;
    }
    if (last === null || count === 0) return null;
    // Nobody prunes the repository; this keeps the commit even if an operator does.
    await this.history.writeObjects(sessionId, ['update-ref', `refs/commits/${last}`, last]);
    return { oid: last, message, count };
  }

  /** Whether the history has, or borrows, this commit. @param env may name further objects */
  async has(sessionId: string, commit: string, env: Record<string, string> = {}): Promise<boolean> {
    const input = `${commit}^{commit}\n`;
    const options = { input, env };
    const { stdout } = await this.history.runOnObjects(sessionId, ['cat-file', '--batch-check'], options);
    return / commit \d+$/.test(stdout.toString('utf8').trim());
  }

  /** The commit of the repository that a step has, and the one before does not. */
  private async mergedBy(sessionId: string, { base }: CommitStep, before: string): Promise<string[]> {
    const isNew = (await this.history.countCommits(sessionId, `${before}..${base.commit}`)) > 0;
    return isNew ? [base.commit] : [];
  }

  private async commit(
    sessionId: string,
    { tree, author, at, message }: CommitStep,
    parents: readonly string[],
    { committer, signing }: { committer: CommitPerson; signing: CommitSigning },
  ): Promise<string> {
    const { stdout } = await this.history.writeObjects(
      sessionId,
      ['commit-tree', ...signing.args, tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'],
      {
        config: signing.config,
        input: message.endsWith('\n') ? message : `${message}\n`,
        env: {
          ...signing.env,
          GIT_AUTHOR_NAME: author.name,
          GIT_AUTHOR_EMAIL: author.email,
          GIT_AUTHOR_DATE: gitDate(at),
          GIT_COMMITTER_NAME: committer.name,
          GIT_COMMITTER_EMAIL: committer.email,
        },
      },
    );
    return stdout.toString('latin1').trim();
  }

  /** What a commit of a step has. To be called with the history's lock. */
  async shippedTree(sessionId: string, { tree, base }: Pick<CommitStep, 'tree' | 'base'>): Promise<string> {
    const committed = await this.history.treeOf(sessionId, base.commit);
    if (committed === base.tree) return tree;
    // What the base commit has in place of each file that the checkout has converted.
    const converted = await changedEntries(this.history, sessionId, { from: committed, to: base.tree });
    const changes = await changedEntries(this.history, sessionId, { from: base.tree, to: tree });
    const changed = new Set(changes.map(({ path }) => path));
    const kept = converted.filter(({ path }) => !changed.has(path));
    if (kept.length === 0) return tree;
    return this.history.withIndex(sessionId, tree, (index) =>
      index.change(kept.map(({ path, before }) => ({ path, ...before }))),
    );
  }
}

const gitDate = (at: Date) => `@${Math.floor(at.getTime() / 1000)} +0000`;
