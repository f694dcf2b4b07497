import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  Comment,
  CommentPage,
  CommentsQuery,
  CreateComment,
  SendComments,
  SentComments,
  UpdateComment,
} from '@saas-codex/contracts/comments';
import { Id } from '@saas-codex/contracts/ids';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { ApiProblems } from '../../api/problems.decorator.js';
import { RequirePermission } from '../../identity/permissions.js';
import { Ctx, type RequestContext } from '../../identity/request-context.js';
import { CommentsService } from './comments.service.js';

const id = { schema: Id };

const NO_FILES: ProblemCode[] = [
  'session_not_ready',
  'session_failed',
  'workspace_removed',
  'tree_not_found',
  'lines_not_found',
];

@ApiTags('comments')
@Controller('api/sessions/:session_id/comments')
export class CommentsController {
  constructor(private readonly comments: CommentsService) {}

  @Get()
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'listComments',
    summary: 'List the comments on the changes of a session, oldest first',
    description:
      'Each says what has become of it (`status`) and where its lines are in a diff (`place`), which `from` and `to` name. ' +
      'With `path` or `status`, a page may have fewer comments than `limit` and still not be the last one.',
  })
  @ApiProblems(
    'session_not_found',
    'tree_not_found',
    'invalid_cursor',
    'workspace_unreadable',
    'rate_limited',
  )
  @ApiResponse({ status: 200, standardSchema: CommentPage })
  list(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: CommentsQuery }) query: CommentsQuery,
  ): Promise<CommentPage> {
    return this.comments.list(ctx, sessionId, query);
  }

  @Post()
  @RequirePermission('comments:write')
  @ApiOperation({
    operationId: 'createComment',
    summary: 'Comment on lines of a change',
    description:
      'Everybody who reads the session sees it, and Codex does not before it is sent. It follows its lines by what they say: ' +
      'through later runs, to other places of the file, and to other names of it.',
  })
  @ApiProblems('session_not_found', 'too_many_comments', 'workspace_unreadable', 'rate_limited', ...NO_FILES)
  @ApiResponse({ status: 201, standardSchema: Comment })
  create(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: CreateComment }) body: CreateComment,
  ): Promise<Comment> {
    return this.comments.create(ctx, sessionId, body);
  }

  @Post('send')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'sendComments',
    summary: 'Send comments to Codex as one prompt',
    description:
      'All that are neither sent nor resolved, or those of them that `comment_ids` names: each with its file, its lines, the code and the text. ' +
      'Each is sent once, whoever asks. If the prompt leaves the queue before it starts, or is taken back, its comments can be sent again.',
  })
  @ApiProblems(
    'session_not_found',
    'comments_missing',
    'session_failed',
    'session_archived',
    'model_not_allowed',
    'limit_reached',
    'workspace_unreadable',
    'rate_limited',
  )
  @ApiResponse({ status: 202, standardSchema: SentComments })
  send(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: SendComments }) body: SendComments,
  ): Promise<SentComments> {
    return this.comments.send(ctx, sessionId, body);
  }

  @Get(':comment_id')
  @RequirePermission('diffs:read')
  @ApiOperation({ operationId: 'readComment', summary: 'Read a comment' })
  @ApiProblems('session_not_found', 'comment_not_found', 'workspace_unreadable', 'rate_limited')
  @ApiResponse({ status: 200, standardSchema: Comment })
  read(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Param('comment_id', id) commentId: string,
  ): Promise<Comment> {
    return this.comments.read(ctx, sessionId, commentId);
  }

  @Patch(':comment_id')
  @RequirePermission('comments:write')
  @ApiOperation({
    operationId: 'updateComment',
    summary: 'Edit, resolve or reopen a comment',
    description:
      'Everybody who may comment resolves and reopens. Only its author edits a comment, until it is sent.',
  })
  @ApiProblems(
    'session_not_found',
    'comment_not_found',
    'comment_sent',
    'workspace_unreadable',
    'rate_limited',
  )
  @ApiResponse({ status: 200, standardSchema: Comment })
  update(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Param('comment_id', id) commentId: string,
    @Body({ schema: UpdateComment }) body: UpdateComment,
  ): Promise<Comment> {
    return this.comments.update(ctx, sessionId, commentId, body);
  }

  @Delete(':comment_id')
  @HttpCode(204)
  @RequirePermission('comments:write')
  @ApiOperation({
    operationId: 'deleteComment',
    summary: 'Delete a comment',
    description: 'A comment of your own; admins delete those of others, too.',
  })
  @ApiProblems('session_not_found', 'comment_not_found')
  @ApiResponse({
    status: 204,
    description: 'The comment is gone. A prompt that it was sent with keeps its text.',
  })
  remove(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Param('comment_id', id) commentId: string,
  ): Promise<void> {
    return this.comments.remove(ctx, sessionId, commentId);
  }
}
