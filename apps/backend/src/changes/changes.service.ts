import { Injectable } from '@nestjs/common';
import type {
  Diff,
  DiffFileQuery,
  DiffPageQuery,
  DiffQuery,
  FilePatch,
  FoundPaths,
  PatchQuery,
  PathsQuery,
} from '@saas-codex/contracts/diffs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { isEnded, RunStore } from '../runs/run-store.js';
import type { RunEntity } from '../runs/run.entity.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { actorId } from '../identity/actor.js';
import { Memberships } from '../identity/memberships.js';
import type { CallerContext, RequestContext } from '../identity/request-context.js';
import { History } from '../workspaces/history/history.js';
import type { Download } from '../workspaces/storage/storage.js';
import { type PatchAuthor, patchMailHead } from './patch-mail.js';

interface Trees {
  from: string;
  to: string;
}

/**
 * The diff of a session, or of some of its runs. This chooses the two trees; History compares them.
 *
 *     base ──── before run 1 ──── after run 1 ─ before run 2 ──── after run 2 ──── now
 *     from, by default                                                  to, by default
 */
@Injectable()
export class ChangesService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly runs: RunStore,
    private readonly history: History,
    private readonly memberships: Memberships,
  ) {}

  /** @throws ProblemError session_not_found, session_not_ready, session_failed, run_not_found, tree_not_found, invalid_cursor */
  async readDiff(ctx: RequestContext, sessionId: string, query: DiffPageQuery): Promise<Diff> {
    const { from, to } = await this.treesOf(ctx, sessionId, query);
    return this.history.diff(ctx, { sessionId, from, to }, query);
  }

  /** @throws ProblemError as `readDiff`, and file_not_found */
  async readFilePatch(ctx: RequestContext, sessionId: string, query: DiffFileQuery): Promise<FilePatch> {
    const { from, to } = await this.treesOf(ctx, sessionId, query);
    return this.history.filePatch(ctx, { sessionId, from, to }, query.path);
  }

  /**
   * Files as the last run left them: a checkpoint for every letter that a person types would cost too much.
   * @throws ProblemError session_not_found, session_not_ready, session_failed, workspace_removed, workspace_unreadable, rate_limited
   */
  async findPaths(ctx: RequestContext, sessionId: string, { q, limit }: PathsQuery): Promise<FoundPaths> {
    const session = await this.sessions.get(ctx, sessionId);
    const base = baseOf(session);
    const tree = (await this.runs.latestTree(ctx, session)) ?? base;
    return this.history.findPaths(ctx, { sessionId, tree }, q, limit);
  }

  /**
   * A patch to save and to apply elsewhere.
   * @throws ProblemError as `readFilePatch`; download_too_large; rate_limited
   */
  async downloadPatch(ctx: CallerContext, sessionId: string, query: PatchQuery): Promise<Download> {
    const trees = await this.treesOf(ctx, sessionId, query);
    const { title } = await this.sessions.get(ctx, sessionId);
    const head = query.format === 'diff' ? '' : patchMailHead(await this.authorOf(ctx), title, new Date());
    const choice = { name: `${fileName(title)}.patch`, path: query.path, head };
    return this.history.downloadPatch(ctx, { sessionId, ...trees }, choice);
  }

  /** The person who takes the patch. Programs have no address, and git wants one. */
  private async authorOf(ctx: CallerContext): Promise<PatchAuthor> {
    const { name, email } = (await this.memberships.describe(ctx)).user;
    return { name, email: email || `${actorId(ctx.actor)}@saas-codex.invalid` };
  }

  private async treesOf(ctx: RequestContext, sessionId: string, { from, to }: DiffQuery): Promise<Trees> {
    const baseTree = baseOf(await this.sessions.get(ctx, sessionId));
    const [fromTree, toTree] = await Promise.all([
      from === undefined ? baseTree : this.treeAt(ctx, sessionId, from, beforeRun),
      to === undefined ? null : this.treeAt(ctx, sessionId, to, afterRun),
    ]);
    if (fromTree !== null && toTree !== null) return { from: fromTree, to: toTree };
    const now = await this.history.takeCheckpoint(ctx, sessionId);
    return { from: fromTree ?? now, to: toTree ?? now };
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

  /** Accepts only trees of this session, since the history could read any object of the repository. */
  private async knownTree(sessionId: string, tree: string): Promise<string> {
    if (await this.history.hasCheckpoint(sessionId, tree)) return tree;
    throw new ProblemError('tree_not_found', 'This session never had this state. Reload its changes.');
  }
}

/** A title as the name of a file: `Fix the roses!` becomes `fix-the-roses`. */
const fileName = (title: string) =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60) || 'changes';

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
