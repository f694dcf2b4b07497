import { Injectable } from '@nestjs/common';
import type { Comment, CommentPlace, CommentStatus, CommentTrees } from '@saas-codex/contracts/comments';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RequestContext } from '../../identity/request-context.js';
import { RunStore } from '../../runs/run-store.js';
import type { RunEntity } from '../../runs/run.entity.js';
import type { SessionEntity } from '../../sessions/session.entity.js';
import { type LinePlace, History, type LineSearch } from '../../workspaces/history/history.js';
import type { CommentEntity } from './comment.entity.js';
import { readSentRuns, sentRunOf } from './sent-runs.js';

/** Where the lines of a comment are in a tree. */
type Find = (comment: CommentEntity, tree: string) => LinePlace;

/**
 * Says of comments where their lines are now, and what has become of them. Nothing of it is stored: a run, a rewind or a patch
 * changes it without knowing of comments.
 *
 *     in the tree before its run, not in the one after it ──► addressed
 *     not in the session's present tree ────────────────────► outdated
 *     else ─────────────────────────────────────────────────► open
 *
 * Lines of the old side are those that a change has removed. They are never outdated, and addressed when the run brought them back.
 */
@Injectable()
export class CommentViews {
  constructor(
    private readonly runs: RunStore,
    private readonly history: History,
  ) {}

  /**
   * @param trees those of the diff that shows the comments; default: from the start of the session to its last checkpoint
   * @throws ProblemError tree_not_found, rate_limited, workspace_unreadable
   */
  async describe(
    ctx: RequestContext,
    session: SessionEntity,
    comments: readonly CommentEntity[],
    trees: CommentTrees = {},
  ): Promise<Comment[]> {
    const [now, sentRuns] = await Promise.all([
      this.presentTree(ctx, session),
      this.runs.read(ctx, (tx) => readSentRuns(tx, comments)),
    ]);
    const to = trees.to ?? now;
    const from = trees.from ?? session.baseTree;
    for (const tree of [trees.from, trees.to]) await this.requireKnown(session, tree);
    if (now === null || to === null || from === null)
      return comments.map((comment) => toComment(comment, 'open', null, sentRunOf(comment, sentRuns)));

    const homeOf = ({ side }: CommentEntity) => (side === 'old' ? from : to);
    const find = await this.findAll(ctx, session, comments, (comment) => {
      const run = sentRunOf(comment, sentRuns);
      return [homeOf(comment), now, run?.treeAfter && run.treeBefore, run?.treeAfter];
    });
    return comments.map((comment) => {
      const run = sentRunOf(comment, sentRuns);
      const place = placeOf(comment, find(comment, homeOf(comment)));
      return toComment(comment, statusOf(comment, run, now, find), place, run);
    });
  }

  /** Where the lines of comments are in the session's last checkpoint, by the ids of the comments; null: they are gone. */
  async placesNow(
    ctx: RequestContext,
    session: SessionEntity,
    comments: readonly CommentEntity[],
  ): Promise<ReadonlyMap<string, CommentPlace | null>> {
    const now = await this.presentTree(ctx, session);
    if (now === null) return new Map();
    const find = await this.findAll(ctx, session, comments, () => [now]);
    return new Map(
      comments.flatMap((comment) => {
        const found = find(comment, now);
        return found === 'unknown' ? [] : [[comment.id, placeOf(comment, found)] as const];
      }),
    );
  }

  /** @throws ProblemError tree_not_found: the history could read any object of the repository */
  async requireKnown(session: SessionEntity, tree: string | undefined): Promise<void> {
    if (tree === undefined || (await this.history.hasCheckpoint(session.id, tree))) return;
    throw new ProblemError('tree_not_found', 'This session never had this state. Reload its changes.');
  }

  /** The session's last checkpoint. null: there are no files, not yet or no longer */
  private async presentTree(ctx: RequestContext, session: SessionEntity): Promise<string | null> {
    if (session.baseTree === null || session.workspaceRemovedAt !== null) return null;
    return (await this.runs.latestTree(ctx, session)) ?? session.baseTree;
  }

  private async findAll(
    ctx: RequestContext,
    session: SessionEntity,
    comments: readonly CommentEntity[],
    treesOf: (comment: CommentEntity) => readonly (string | null | undefined)[],
  ): Promise<Find> {
    const searches = new Map<string, LineSearch>();
    for (const anchor of comments)
      for (const tree of treesOf(anchor)) if (tree) searches.set(`${anchor.id} ${tree}`, { anchor, tree });
    const found =
      searches.size > 0 ? await this.history.findLines(ctx, session.id, [...searches.values()]) : [];
    const places = new Map([...searches.keys()].map((key, index) => [key, found[index]]));
    return ({ id }, tree) => places.get(`${id} ${tree}`) ?? 'unknown';
  }
}

function statusOf(
  comment: CommentEntity,
  run: RunEntity | undefined,
  now: string,
  find: Find,
): CommentStatus {
  if (comment.resolvedAt !== null) return 'resolved';
  const [before, after] = [run?.treeBefore, run?.treeAfter].map((tree) =>
    run?.treeAfter && tree ? isThere(find(comment, tree)) : null,
  );
  if (comment.side === 'old') return before === false && after === true ? 'addressed' : 'open';
  if (isThere(find(comment, now)) !== false) return 'open';
  return before === true && after === false ? 'addressed' : 'outdated';
}

/** null: it is not known */
const isThere = (found: LinePlace): boolean | null => (found === 'unknown' ? null : found !== 'gone');

const placeOf = ({ code }: CommentEntity, found: LinePlace): CommentPlace | null =>
  typeof found === 'string'
    ? null
    : { path: found.path, first_line: found.firstLine, last_line: found.firstLine + code.length - 1 };

const toComment = (
  comment: CommentEntity,
  status: CommentStatus,
  place: CommentPlace | null,
  run: RunEntity | undefined,
): Comment => ({
  comment_id: comment.id,
  session_id: comment.sessionId,
  text: comment.text,
  side: comment.side,
  tree: comment.tree,
  path: comment.path,
  first_line: comment.firstLine,
  last_line: comment.firstLine + comment.code.length - 1,
  code: comment.code,
  status,
  place,
  run_id: run?.id ?? null,
  sent_at: run && comment.sentAt ? comment.sentAt.toISOString() : null,
  created_by: comment.author,
  created_at: comment.createdAt.toISOString(),
  edited_at: comment.editedAt?.toISOString() ?? null,
  resolved_by: comment.resolvedBy,
  resolved_at: comment.resolvedAt?.toISOString() ?? null,
});
