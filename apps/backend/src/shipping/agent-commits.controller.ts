import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { AgentCommits } from '@saas-codex/contracts/shipping';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { AgentCommitsService } from './agent-commits.service.js';

const id = { schema: Id };

@ApiTags('shipping')
@Controller('api/sessions/:session_id/agent-commits')
export class AgentCommitsController {
  constructor(private readonly commits: AgentCommitsService) {}

  @Get()
  @RequirePermission('sessions:ship')
  @ApiOperation({
    operationId: 'listAgentCommits',
    summary: "List Codex's own commits",
    description:
      'Those that Codex has made in its clone since something was shipped last, or since the session began. They can be shipped with the mode `agent` of `POST …/commits`. Each has a diff, from `from` to `to`. Read those of commits with `replaced` files: what they hold goes out, and the diff of the session does not show it.',
  })
  @ApiProblems(
    'session_not_found',
    'session_not_ready',
    'session_failed',
    'session_archived',
    'workspace_unreadable',
    'workspace_removed',
    'runner_unavailable',
  )
  @ApiResponse({ status: 200, standardSchema: AgentCommits })
  list(@Ctx() ctx: RequestContext, @Param('session_id', id) sessionId: string): Promise<AgentCommits> {
    return this.commits.list(ctx, sessionId);
  }
}
