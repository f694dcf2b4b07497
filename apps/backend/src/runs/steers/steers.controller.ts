import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { Steer, SteerRun, Steers } from '@saas-codex/contracts/steers';
import { ApiProblems } from '../../api/problems.decorator.js';
import { RequirePermission } from '../../identity/permissions.js';
import { Ctx, type RequestContext } from '../../identity/request-context.js';
import { SteersService } from './steers.service.js';

const id = { schema: Id };

@ApiTags('runs')
@Controller('api/runs/:run_id')
export class SteersController {
  constructor(private readonly steers: SteersService) {}

  @Post('steer')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'steerRun',
    summary: 'Send a message to a run that works',
    description:
      'The agent gets it before its next step, once, as `steer.delivered` in the run’s events shows. If the run ends before that, ' +
      'or has ended, the message becomes the session’s next prompt (`queued`), held if the run was stopped.',
  })
  @ApiProblems(
    'run_not_found',
    'run_not_working',
    'steer_unsupported',
    'too_many_steers',
    'session_failed',
    'session_archived',
    'limit_reached',
  )
  @ApiResponse({ status: 202, standardSchema: Steer })
  steer(
    @Ctx() ctx: RequestContext,
    @Param('run_id', id) runId: string,
    @Body({ schema: SteerRun }) { prompt }: SteerRun,
  ): Promise<Steer> {
    return this.steers.steer(ctx, runId, prompt);
  }

  @Post('send-now')
  @HttpCode(202)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'sendPromptNow',
    summary: 'Send a prompt that waits to the run that works',
    description:
      'It leaves the queue and becomes a message to the run that works in its session, both or neither.',
  })
  @ApiProblems('run_not_found', 'run_not_queued', 'run_not_working', 'steer_unsupported', 'too_many_steers')
  @ApiResponse({ status: 202, standardSchema: Steer })
  sendNow(@Ctx() ctx: RequestContext, @Param('run_id', id) runId: string): Promise<Steer> {
    return this.steers.sendNow(ctx, runId);
  }

  @Get('steers')
  @RequirePermission('runs:read')
  @ApiOperation({ operationId: 'listSteers', summary: 'List the messages that were sent to a run' })
  @ApiProblems('run_not_found')
  @ApiResponse({ status: 200, standardSchema: Steers })
  list(@Ctx() ctx: RequestContext, @Param('run_id', id) runId: string): Promise<Steers> {
    return this.steers.list(ctx, runId);
  }

  @Get('steers/:steer_id')
  @RequirePermission('runs:read')
  @ApiOperation({ operationId: 'readSteer', summary: 'Read a message that was sent to a run' })
  @ApiProblems('run_not_found', 'steer_not_found')
  @ApiResponse({ status: 200, standardSchema: Steer })
  read(
    @Ctx() ctx: RequestContext,
    @Param('run_id', id) runId: string,
    @Param('steer_id', id) steerId: string,
  ): Promise<Steer> {
    return this.steers.read(ctx, runId, steerId);
  }
}
