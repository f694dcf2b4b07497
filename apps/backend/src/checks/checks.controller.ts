import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Evidence, RunChecks, SessionChecks } from '@saas-codex/contracts/evidence';
import { Id } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import { Run } from '@saas-codex/contracts/runs';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { ChecksService } from './checks.service.js';

const id = { schema: Id };

@ApiTags('checks')
@Controller('api')
export class ChecksController {
  constructor(private readonly checks: ChecksService) {}

  @Post('sessions/:session_id/checks')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'runChecks',
    summary: 'Run the checks of the repository',
    description:
      'The commands are those of `.saas-codex/checks.yml` in the state that the session began from. Each runs in a fresh sandbox on a fresh checkout, without the agent. ' +
      'The run waits for the run that is at work, and for no prompt of the queue.',
  })
  @ApiProblems(
    'session_not_found',
    'session_not_ready',
    'session_failed',
    'session_archived',
    'workspace_removed',
    'workspace_unreadable',
    'tree_not_found',
    'checks_missing',
    'checks_invalid',
    'checks_in_progress',
    'limit_reached',
  )
  @ApiResponse({ status: 202, standardSchema: Run })
  start(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: RunChecks }) body: RunChecks,
  ): Promise<Run> {
    return this.checks.start(ctx, sessionId, body);
  }

  @Get('sessions/:session_id/checks')
  @RequirePermission('runs:read')
  @ApiOperation({
    operationId: 'listChecks',
    summary: 'List the checks of a session, and what they have shown',
  })
  @ApiProblems('session_not_found', 'invalid_cursor', 'workspace_unreadable')
  @ApiResponse({ status: 200, standardSchema: SessionChecks })
  list(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ): Promise<SessionChecks> {
    return this.checks.list(ctx, sessionId, query);
  }

  @Get('evidence/:evidence_id')
  @RequirePermission('runs:read')
  @ApiOperation({
    operationId: 'readEvidence',
    summary: 'Read evidence of checks, with its signature',
    description:
      '`envelope` is an in-toto statement in a DSSE envelope. `GET /api/evidence-keys` has the public key of its `keyid`.',
  })
  @ApiProblems('evidence_not_found')
  @ApiResponse({ status: 200, standardSchema: Evidence })
  read(@Ctx() ctx: RequestContext, @Param('evidence_id', id) evidenceId: string): Promise<Evidence> {
    return this.checks.readEvidence(ctx, evidenceId);
  }
}
