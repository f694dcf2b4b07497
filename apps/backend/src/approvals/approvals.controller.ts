import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Approval, ApprovalPage, ApprovalsQuery, DecideApproval } from '@saas-codex/contracts/approvals';
import { Id } from '@saas-codex/contracts/ids';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { ApprovalsService } from './approvals.service.js';

@ApiTags('runs')
@Controller('api/approvals')
export class ApprovalsController {
  constructor(private readonly approvals: ApprovalsService) {}

  @Get()
  @RequirePermission('runs:read')
  @ApiOperation({
    operationId: 'listApprovals',
    summary: 'List what runs have asked, newest first',
    description:
      'Runs ask in sessions whose `approval_mode` is `ask`. `status=pending` lists the questions that wait for an answer.',
  })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: ApprovalPage })
  list(
    @Ctx() ctx: RequestContext,
    @Query({ schema: ApprovalsQuery }) query: ApprovalsQuery,
  ): Promise<ApprovalPage> {
    return this.approvals.list(ctx, query);
  }

  @Post(':approval_id/decision')
  @HttpCode(200)
  @RequirePermission('runs:approve')
  @ApiOperation({
    operationId: 'decideApproval',
    summary: 'Answer a question of a run',
    description:
      'With one of the `decisions` that the question offers. The first answer counts; for a later one, the problem says who has ' +
      'answered what. The answer takes effect soon after, as the event `approval.resolved` shows. A question that nobody answers ' +
      'counts as declined after `APPROVAL_TIMEOUT_MINUTES`, and expires when its run ends.',
  })
  @ApiProblems(
    'approval_not_found',
    'approval_answered',
    'approval_expired',
    'decision_not_offered',
    'session_not_found',
  )
  @ApiResponse({ status: 200, standardSchema: Approval })
  decide(
    @Ctx() ctx: RequestContext,
    @Param('approval_id', { schema: Id }) approvalId: string,
    @Body({ schema: DecideApproval }) body: DecideApproval,
  ): Promise<Approval> {
    return this.approvals.decide(ctx, approvalId, body);
  }
}
