import { Injectable } from '@nestjs/common';
import {
  type Comment,
  type CommentPage,
  type CommentsQuery,
  type CreateComment,
  MAX_COMMENT_LINES,
  MAX_COMMENTS,
  type SendComments,
  type SentComments,
  type UpdateComment,
} from '@saas-codex/contracts/comments';
import { Timestamp } from '@saas-codex/contracts/pagination';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { In, IsNull } from 'typeorm';
import { v7 as uuidV7 } from 'uuid';
import { z } from 'zod';
import { RequestAudit } from '../../audit/request-audit.js';
import { decodeCursor, toPage } from '../../database/cursor.js';
import type { TenantTransaction } from '../../database/tenant-database.js';
import { actorId, authorOf, hasPermission } from '../../identity/actor.js';
import type { RequestContext } from '../../identity/request-context.js';
import { RunStore } from '../../runs/run-store.js';
import { RunsService } from '../../runs/runs.service.js';
import { ActivityPublisher } from '../../sessions/activity-publisher.js';
import { auditedTitle } from '../../sessions/session-audit.js';
import type { SessionEntity } from '../../sessions/session.entity.js';
import { SessionStore } from '../../sessions/session-store.js';
import { History, type LineAnchor } from '../../workspaces/history/history.js';
import { baseOf } from '../session-trees.js';
import { CommentEntity } from './comment.entity.js';
import { CommentViews } from './comment-views.js';
import { commentsPrompt } from './comments-prompt.js';
import { readSentRuns, sentRunOf } from './sent-runs.js';

/** Of the lines that one comment is about. */
const MAX_CODE_CHARS = 20_000;
/** Sort key of the list. */
const CommentCursor = z.tuple([Timestamp, z.uuid()]);

/**
 * Comments on the changes of a session, and the prompt that they become.
 *
 *     comments ──► send: one transaction makes the run and marks the comments with it ──► the run's queue
 *
 * So none is sent twice or lost, whatever crashes. Every change locks the session's row.
 */
@Injectable()
export class CommentsService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly runs: RunStore,
    private readonly prompts: RunsService,
    private readonly history: History,
    private readonly views: CommentViews,
    private readonly activity: ActivityPublisher,
    private readonly audit: RequestAudit,
  ) {}

  /** @throws ProblemError session_not_found, tree_not_found, invalid_cursor, rate_limited, workspace_unreadable */
  async list(ctx: RequestContext, sessionId: string, query: CommentsQuery): Promise<CommentPage> {
    const session = await this.sessions.get(ctx, sessionId);
    const after = decodeCursor(query.cursor, CommentCursor);
    const rows = await this.runs.read(ctx, (tx) => {
      const select = tx
        .of(CommentEntity)
        .select('comment')
        .andWhere('comment.sessionId = :sessionId', { sessionId });
      if (after)
        select.andWhere('(comment.createdAt, comment.id) > (:at, :id)', { at: after[0], id: after[1] });
      return select
        .orderBy('comment.createdAt', 'ASC')
        .addOrderBy('comment.id', 'ASC')
        .take(query.limit + 1)
        .getMany();
    });
    const page = toPage(
      rows,
      query.limit,
      ({ createdAt, id }) => [createdAt.toISOString(), id],
      (row) => row,
    );
    const comments = await this.views.describe(ctx, session, page.items, query);
    return { ...page, items: comments.filter((comment) => matches(comment, query)) };
  }

  /** @throws ProblemError session_not_found, comment_not_found */
  async read(ctx: RequestContext, sessionId: string, id: string): Promise<Comment> {
    const session = await this.sessions.get(ctx, sessionId);
    return this.view(ctx, session, await this.runs.read(ctx, (tx) => commentIn(tx, sessionId, id)));
  }

  /** @throws ProblemError session_not_found, tree_not_found, lines_not_found, too_many_comments, and as for a diff */
  async create(ctx: RequestContext, sessionId: string, body: CreateComment): Promise<Comment> {
    const session = await this.sessions.get(ctx, sessionId);
    const lines = await this.linesOf(ctx, session, body);
    const { side, text } = body;
    const id = ctx.idempotentId ?? uuidV7();
    const comment = await this.change(ctx, sessionId, async (tx) => {
      const comments = tx.of(CommentEntity);
      const madeBefore = await comments.findOne({ where: { id, sessionId } });
      if (madeBefore) {
        this.audit.recordedBefore(ctx);
        return madeBefore;
      }
      if ((await comments.count({ sessionId })) >= MAX_COMMENTS)
        throw new ProblemError('too_many_comments', `It takes ${MAX_COMMENTS} at most. Delete some.`);
      const by = { createdBy: actorId(ctx.actor), author: authorOf(ctx.actor), createdAt: new Date() };
      return comments.insert({ id, sessionId, side, text, ...lines, ...by });
    });
    return this.view(ctx, session, comment);
  }

  /** @throws ProblemError session_not_found, comment_not_found, forbidden, comment_sent */
  async update(ctx: RequestContext, sessionId: string, id: string, body: UpdateComment): Promise<Comment> {
    const { text, resolved } = body;
    const session = await this.sessions.get(ctx, sessionId);
    const comment = await this.change(ctx, sessionId, async (tx) => {
      const found = await commentIn(tx, sessionId, id);
      if (text !== undefined) {
        if (found.createdBy !== actorId(ctx.actor))
          throw new ProblemError('forbidden', 'Only its author may edit a comment. Write another one.');
        if (sentRunOf(found, await readSentRuns(tx, [found])))
          throw new ProblemError('comment_sent', 'Codex has it as it was. Write another comment.');
      }
      const now = new Date();
      await tx.of(CommentEntity).update(
        { id },
        {
          ...(text !== undefined && text !== found.text && { text, editedAt: now }),
          ...(resolved === false && { resolvedAt: null, resolvedBy: null }),
          ...(resolved && !found.resolvedAt && { resolvedAt: now, resolvedBy: authorOf(ctx.actor) }),
        },
      );
      return commentIn(tx, sessionId, id);
    });
    return this.view(ctx, session, comment);
  }

  /** @throws ProblemError session_not_found, comment_not_found, forbidden */
  async remove(ctx: RequestContext, sessionId: string, id: string): Promise<void> {
    await this.change(ctx, sessionId, async (tx) => {
      const { createdBy } = await commentIn(tx, sessionId, id);
      if (createdBy !== actorId(ctx.actor) && !hasPermission(ctx.actor, 'comments:manage'))
        throw new ProblemError('forbidden', 'Only its author or an admin may delete a comment. Resolve it.');
      await tx.of(CommentEntity).delete({ id });
    });
  }

  /**
   * Sends comments that are neither sent nor resolved, as one prompt. Those that do not fit into it remain.
   * @throws ProblemError session_not_found, comments_missing; as for a prompt and a diff
   */
  async send(
    ctx: RequestContext,
    sessionId: string,
    { comment_ids: ids }: SendComments,
  ): Promise<SentComments> {
    const session = await this.sessions.get(ctx, sessionId);
    const unsent = await this.runs.read(ctx, (tx) => unsentIn(tx, sessionId, ids));
    const places = await this.views.placesNow(ctx, session, unsent);
    const run = await this.prompts.promptWith(ctx, sessionId, async (tx) => {
      // Read again, under the lock: somebody else may have sent them.
      const { text, comments } = commentsPrompt(await unsentIn(tx, sessionId, ids), places);
      if (comments.length === 0)
        throw new ProblemError(
          'comments_missing',
          'They were sent or resolved meanwhile. Reload the changes.',
        );
      const sent = In(comments.map(({ id }) => id));
      return {
        prompt: text,
        queued: async ({ id: runId, createdAt: sentAt }) => {
          await tx.of(CommentEntity).update({ id: sent }, { runId, sentAt });
          this.publish(ctx, tx, sessionId);
        },
      };
    });
    const sent = await this.runs.read(ctx, (tx) =>
      tx
        .of(CommentEntity)
        .find({ where: { sessionId, runId: run.run_id }, order: { createdAt: 'ASC', id: 'ASC' } }),
    );
    return { run_id: run.run_id, comment_ids: sent.map(({ id }) => id), run };
  }

  /** @throws ProblemError tree_not_found, lines_not_found */
  private async linesOf(
    ctx: RequestContext,
    session: SessionEntity,
    body: CreateComment,
  ): Promise<LineAnchor> {
    baseOf(session);
    const { tree, path, first_line: first, last_line: last } = body;
    await this.views.requireKnown(session, tree);
    if (last - first >= MAX_COMMENT_LINES)
      throw new ProblemError('lines_not_found', `Select ${MAX_COMMENT_LINES} lines at most.`);
    const range = { tree, path, firstLine: first, lastLine: last };
    const lines = await this.history.readLines(ctx, session.id, range);
    if (!lines)
      throw new ProblemError(
        'lines_not_found',
        'The file does not have them, or is not a text in UTF-8 of up to 2 MB. Reload the changes.',
      );
    if (lines.code.join('\n').length > MAX_CODE_CHARS)
      throw new ProblemError('lines_not_found', 'These lines are too long. Select fewer.');
    return lines;
  }

  private async view(ctx: RequestContext, session: SessionEntity, comment: CommentEntity): Promise<Comment> {
    const [view] = await this.views.describe(ctx, session, [comment]);
    if (!view) throw new Error('A comment has no view');
    return view;
  }

  private change<T>(
    ctx: RequestContext,
    sessionId: string,
    work: (tx: TenantTransaction) => Promise<T>,
  ): Promise<T> {
    return this.sessions.change(ctx, sessionId, async (tx, session) => {
      const answer = await work(tx);
      await this.audit.recordIn(tx, ctx, { target: { name: auditedTitle(session) } });
      this.publish(ctx, tx, sessionId);
      return answer;
    });
  }

  private publish({ tenantId }: RequestContext, tx: TenantTransaction, sessionId: string): void {
    const at = new Date().toISOString();
    const activity = {
      v: 1,
      type: 'session.comments',
      tenant_id: tenantId,
      session_id: sessionId,
      at,
    } as const;
    tx.afterCommit(() => this.activity.publish(activity));
  }
}

/** @throws ProblemError comment_not_found */
async function commentIn(tx: TenantTransaction, sessionId: string, id: string): Promise<CommentEntity> {
  const comment = await tx.of(CommentEntity).findOne({ where: { id, sessionId } });
  if (comment) return comment;
  throw new ProblemError('comment_not_found', 'It may have been deleted. Reload the changes.');
}

/** @param ids only these; default: all */
async function unsentIn(
  tx: TenantTransaction,
  sessionId: string,
  ids: readonly string[] | undefined,
): Promise<CommentEntity[]> {
  const where = { sessionId, resolvedAt: IsNull(), ...(ids && { id: In([...ids]) }) };
  const comments = await tx.of(CommentEntity).find({ where, order: { createdAt: 'ASC', id: 'ASC' } });
  const sentRuns = await readSentRuns(tx, comments);
  return comments.filter((comment) => !sentRunOf(comment, sentRuns));
}

const matches = (comment: Comment, { path, status }: CommentsQuery): boolean =>
  (path === undefined || comment.path === path || comment.place?.path === path) &&
  (status === undefined || comment.status === status);
