import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { StartKeepGreen } from '@saas-codex/contracts/keep-green';
import { OpenPullRequest, PullRequest, UpdatePullRequest } from '@saas-codex/contracts/pull-requests';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { KeepGreenService } from './keep-green/keep-green.service.js';
import { PullRequestsService } from './pull-requests.service.js';

const id = { schema: Id };

@ApiTags('shipping')
@Controller('api/sessions/:session_id/pull-request')
export class PullRequestsController {
  constructor(
    private readonly pullRequests: PullRequestsService,
    private readonly keepGreen: KeepGreenService,
  ) {}

  @Get()
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'readPullRequest',
    summary: 'Read the pull request of a session',
    description:
      'As it was asked for, and as the forge last said it is: state, checks with the logs of failed ones, reviews, comments and conflicts. `pull_request` of the session changes whenever any of it does, also in `GET /api/events`. Not for readers of links.',
  })
  @ApiProblems('session_not_found', 'pull_request_not_found')
  @ApiResponse({ status: 200, standardSchema: PullRequest })
  read(@Ctx() ctx: RequestContext, @Param('session_id', id) sessionId: string): Promise<PullRequest> {
    return this.pullRequests.read(ctx, sessionId);
  }

  @Post()
  @HttpCode(202)
  @RequirePermission('sessions:ship')
  @ApiOperation({
    operationId: 'openPullRequest',
    summary: 'Open a pull request for what was pushed',
    description:
      'A session has one at a time. If it has one that is not merged or closed, that one is changed, but stays a draft or not. The forge is asked with the connection of who asks, else with that of the organisation. `status` says how it stands; a forge that does not answer is asked again at `retry_at`.',
  })
  @ApiProblems('session_not_found', 'session_archived', 'nothing_pushed', 'forge_missing')
  @ApiResponse({ status: 202, standardSchema: PullRequest })
  open(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: OpenPullRequest }) body: OpenPullRequest,
  ): Promise<PullRequest> {
    return this.pullRequests.open(ctx, sessionId, body);
  }

  @Patch()
  @HttpCode(202)
  @RequirePermission('sessions:ship')
  @ApiOperation({
    operationId: 'updatePullRequest',
    summary: 'Change the pull request of a session',
    description:
      'Labels take the place of those there are. Reviewers are asked besides those who were asked before.',
  })
  @ApiProblems('session_not_found', 'pull_request_not_found', 'pull_request_ended')
  @ApiResponse({ status: 202, standardSchema: PullRequest })
  update(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: UpdatePullRequest }) body: UpdatePullRequest,
  ): Promise<PullRequest> {
    return this.pullRequests.update(ctx, sessionId, body);
  }

  @Put('keep-green')
  @RequirePermission('sessions:ship')
  @ApiOperation({
    operationId: 'startKeepGreen',
    summary: 'Keep the pull request green by itself',
    description:
      'When its checks have ended and some have failed, or it conflicts with its base, a run of Codex mends it; what it changes is committed and pushed to the same branch, in the name of who asked. What reviewers write is left to people. It stops when somebody else pushes or works in the session, and when the tries or the money are used up: `stopped` says why. The description of the pull request says what was done.',
  })
  @ApiProblems('session_not_found', 'session_archived', 'pull_request_not_found', 'pull_request_ended')
  @ApiResponse({ status: 200, standardSchema: PullRequest })
  startKeepGreen(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: StartKeepGreen }) body: StartKeepGreen,
  ): Promise<PullRequest> {
    return this.keepGreen.start(ctx, sessionId, body);
  }

  @Delete('keep-green')
  @RequirePermission('sessions:ship')
  @ApiOperation({
    operationId: 'stopKeepGreen',
    summary: 'Keep the pull request green no longer',
    description: 'A run that works goes on. What it changes stays in the session, and is not pushed.',
  })
  @ApiProblems('session_not_found', 'pull_request_not_found')
  @ApiResponse({ status: 200, standardSchema: PullRequest })
  stopKeepGreen(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
  ): Promise<PullRequest> {
    return this.keepGreen.stop(ctx, sessionId);
  }
}
