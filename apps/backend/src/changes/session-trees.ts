import { Injectable } from '@nestjs/common';
import type { DiffQuery } from '@saas-codex/contracts/diffs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RequestContext } from '../identity/request-context.js';
import { isEnded, RunStore } from '../runs/run-store.js';
import type { RunEntity } from '../runs/run.entity.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { History } from '../workspaces/history/history.js';

interface Trees {
  from: string;
  to: string;
}

/**
 * The trees that a person means by runs, by trees of earlier answers, or by nothing.
 *
 *     base ──── before run 1 ──── after run 1 ─ before run 2 ──── after run 2 ──── now
 *     from, by default                                                  to, by default
 */
@Injectable()
export class SessionTrees {
  constructor(
    private readonly sessions: SessionStore,
    private readonly runs: RunStore,
    private readonly history: History,
  ) {}

  /** @throws ProblemError as `baseOf`; session_not_found, run_not_found, tree_not_found, workspace_unreadable */
  async between(ctx: RequestContext, sessionId: string, { from, to }: DiffQuery): Promise<Trees> {
    const baseTree = baseOf(await this.sessions.get(ctx, sessionId));
    const [fromTree, toTree] = await Promise.all([
      from === undefined ? baseTree : this.treeAt(ctx, sessionId, from, beforeRun),
      to === undefined ? null : this.treeAt(ctx, sessionId, to, afterRun),
    ]);
    if (fromTree !== null && toTree !== null) return { from: fromTree, to: toTree };
    const now = await this.history.takeCheckpoint(ctx, sessionId);
    return { from: fromTree ?? now, to: toTree ?? now };
  }

  /**
   * @param point a run, for what is after it, or a tree; undefined: the current workspace
   * @throws ProblemError as `between`
   */
  async at(ctx: RequestContext, sessionId: string, point: string | undefined): Promise<string> {
    baseOf(await this.sessions.get(ctx, sessionId));
    const tree = point === undefined ? null : await this.treeAt(ctx, sessionId, point, afterRun);
    return tree ?? this.history.takeCheckpoint(ctx, sessionId);
  }

  /** null: the current workspace. */
  private async treeAt(
    ctx: RequestContext,
    sessionId: string,
    point: string,
    treeOf: (run: RunEntity) => string | null,
  ): Promise<string | null> {
    if (isTree(point)) return this.knownTree(sessionId, point);
    const run = await this.runs.get(ctx, point);
    if (run.sessionId === sessionId) return treeOf(run);
    throw new ProblemError('run_not_found', 'This run belongs to another session.');
  }

  /**
   * Accepts only trees of this session, since the history could read any object of the repository.
   * @throws ProblemError tree_not_found
   */
  async knownTree(sessionId: string, tree: string): Promise<string> {
    if (await this.history.hasCheckpoint(sessionId, tree)) return tree;
    throw new ProblemError('tree_not_found', 'This session never had this state. Reload its changes.');
  }
}

const isTree = (point: string) => !point.includes('-');

/** A run that has not started will start on the current workspace. */
const beforeRun = (run: RunEntity): string | null => run.treeBefore;

/** A run that ended without a checkpoint never had the workspace, so it changed nothing. */
const afterRun = (run: RunEntity): string | null => run.treeAfter ?? (isEnded(run) ? run.treeBefore : null);

/** The tree that the session started from. @throws ProblemError when there are no files, and why */
export function baseOf(session: SessionEntity): string {
  if (session.failureCode !== null) {
    throw new ProblemError('session_failed', session.failureDetail ?? 'Start a new session.');
  }
  if (session.baseTree === null || session.status === 'provisioning') {
    throw new ProblemError('session_not_ready', 'Its changes can be read once the session is set up.');
  }
  if (session.workspaceRemovedAt !== null) {
    throw new ProblemError(
      'workspace_removed',
      'The session was inactive for a long time, so its files were removed. Its events can still be read; start a new session to continue.',
    );
  }
  return session.baseTree;
}
