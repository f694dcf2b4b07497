import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import { Commit, CommitPage, CreateCommit, CreatePush, Push, PushPage } from '@saas-codex/contracts/shipping';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { CommitsService } from './commits.service.js';
import { PushesService } from './pushes.service.js';

const id = { schema: Id };

@ApiTags('shipping')
@Controller('api/sessions/:session_id')
export class ShippingController {
  constructor(
    private readonly commits: CommitsService,
    private readonly pushes: PushesService,
  ) {}

  @Post('commits')
  @RequirePermission('sessions:ship')
  @ApiOperation({
    operationId: 'createCommit',
    summary: 'Commit what the session has changed',
    description:
      'The commit holds the files as they are now, bit by bit, on top of what was pushed last or of the commit that the session started from. Nothing of the repository in the workspace is involved, and nothing leaves the installation. You are its author, and Codex a co-author. Pass `tree`, the `to` of the diff that you have reviewed, so that nothing else is committed.',
  })
  @ApiProblems(
    'session_not_found',
    'session_not_ready',
    'session_failed',
    'session_archived',
    'session_busy',
    'workspace_unreadable',
    'workspace_removed',
    'files_changed',
    'files_left_out',
    'agent_commits_refused',
    'replaced_contents',
    'nothing_to_commit',
  )
  @ApiResponse({ status: 201, standardSchema: Commit })
  createCommit(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: CreateCommit }) body: CreateCommit,
  ): Promise<Commit> {
    return this.commits.create(ctx, sessionId, body);
  }

  @Get('commits')
  @RequirePermission('diffs:read')
  @ApiOperation({ operationId: 'listCommits', summary: 'List the commits of a session' })
  @ApiProblems('session_not_found', 'invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: CommitPage })
  listCommits(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ): Promise<CommitPage> {
    return this.commits.list(ctx, sessionId, query);
  }

  @Get('commits/:commit_id')
  @RequirePermission('diffs:read')
  @ApiOperation({ operationId: 'readCommit', summary: 'Read a commit of a session' })
  @ApiProblems('session_not_found', 'commit_not_found')
  @ApiResponse({ status: 200, standardSchema: Commit })
  readCommit(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Param('commit_id', id) commitId: string,
  ): Promise<Commit> {
    return this.commits.read(ctx, sessionId, commitId);
  }

  @Post('pushes')
  @HttpCode(202)
  @RequirePermission('sessions:ship')
  @ApiOperation({
    operationId: 'createPush',
    summary: 'Push a commit of the session to its repository',
    description:
      'To a branch of the session, with your git credential or that of the organisation. Commits of others are never overwritten, and the default branch is only pushed to where a rule of the organisation or the installation allows it. A rule may also say what the name of the branch must look like. The push goes on after the answer, and survives restarts: read it until its `status` is no longer `pending`, or watch `last_push` of the session. Where the host does not answer, it is tried again at `retry_at`. A failed one has as `failure.code` one of `push_auth_failed`, `push_refused`, `push_unreachable`, `push_failed`, `branch_moved`, `branch_protected`, `branch_misnamed`, `forbidden`, or one of those that cloning has.',
  })
  @ApiProblems(
    'session_not_found',
    'session_not_ready',
    'session_failed',
    'session_archived',
    'workspace_removed',
    'repository_missing',
    'commit_not_found',
    'commit_outdated',
    'checks_required',
    'push_in_progress',
    'ref_invalid',
    'branch_misnamed',
  )
  @ApiResponse({ status: 202, standardSchema: Push })
  createPush(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: CreatePush }) body: CreatePush,
  ): Promise<Push> {
    return this.pushes.create(ctx, sessionId, body);
  }

  @Get('pushes')
  @RequirePermission('diffs:read')
  @ApiOperation({ operationId: 'listPushes', summary: 'List the pushes of a session' })
  @ApiProblems('session_not_found', 'invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: PushPage })
  listPushes(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ): Promise<PushPage> {
    return this.pushes.list(ctx, sessionId, query);
  }

  @Get('pushes/:push_id')
  @RequirePermission('diffs:read')
  @ApiOperation({ operationId: 'readPush', summary: 'Read a push of a session' })
  @ApiProblems('session_not_found', 'push_not_found')
  @ApiResponse({ status: 200, standardSchema: Push })
  readPush(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Param('push_id', id) pushId: string,
  ): Promise<Push> {
    return this.pushes.read(ctx, sessionId, pushId);
  }
}
