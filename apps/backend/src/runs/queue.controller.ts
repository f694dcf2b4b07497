import { Body, Controller, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { EditPrompt, OrderQueue, Queue, Run } from '@saas-codex/contracts/runs';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { RunQueue } from './run-queue.js';

const id = { schema: Id };

@ApiTags('runs')
@Controller('api')
export class QueueController {
  constructor(private readonly queue: RunQueue) {}

  @Patch('runs/:run_id')
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'editPrompt',
    summary: 'Edit a prompt that waits',
    description: 'Refused once a runner has it. After a 200 the run starts with the new text.',
  })
  @ApiProblems('run_not_found', 'run_not_queued', 'prompt_edited')
  @ApiResponse({ status: 200, standardSchema: Run })
  edit(
    @Ctx() ctx: RequestContext,
    @Param('run_id', id) runId: string,
    @Body({ schema: EditPrompt }) body: EditPrompt,
  ): Promise<Run> {
    return this.queue.edit(ctx, runId, body);
  }

  @Post('runs/:run_id/next')
  @HttpCode(200)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'runNext',
    summary: 'Run a prompt that waits next',
    description: 'It goes before all others. If the queue is on hold, this prompt alone is released from it.',
  })
  @ApiProblems('run_not_found', 'run_not_queued')
  @ApiResponse({ status: 200, standardSchema: Run })
  runNext(@Ctx() ctx: RequestContext, @Param('run_id', id) runId: string): Promise<Run> {
    return this.queue.runNext(ctx, runId);
  }

  @Post('sessions/:session_id/queue')
  @HttpCode(200)
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'orderQueue',
    summary: 'Order the prompts that wait',
    description:
      'The body names exactly the prompts that have a `queue_position`. Otherwise nothing changes, and `run_ids` of the problem are those that wait now.',
  })
  @ApiProblems('session_not_found', 'queue_changed')
  @ApiResponse({ status: 200, standardSchema: Queue })
  order(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: OrderQueue }) { run_ids: runIds }: OrderQueue,
  ): Promise<Queue> {
    return this.queue.order(ctx, sessionId, runIds);
  }
}
