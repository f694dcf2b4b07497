import { Body, Controller, Get, Param, Patch } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { ReviewProgress, ReviewProgressUpdate } from '@saas-codex/contracts/review-progress';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx } from '../identity/request-context.js';
import { ReviewProgressService } from './review-progress.service.js';

const id = { schema: Id };

@ApiTags('diffs')
@Controller('api/sessions/:session_id/review-progress')
export class ReviewProgressController {
  constructor(private readonly progress: ReviewProgressService) {}

  @Get()
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'readReviewProgress',
    summary: 'Read how far you have reviewed a session',
    description: 'Yours alone, on all your devices. Only people review: a service account cannot do this.',
  })
  @ApiProblems('session_not_found', 'person_required')
  @ApiResponse({ status: 200, standardSchema: ReviewProgress })
  read(@Ctx() ctx: CallerContext, @Param('session_id', id) sessionId: string): Promise<ReviewProgress> {
    return this.progress.read(ctx, sessionId);
  }

  @Patch()
  @RequirePermission('diffs:read')
  @ApiOperation({
    operationId: 'updateReviewProgress',
    summary: 'Mark files as viewed, or changes as reviewed',
    description:
      'A mark is for the content that you saw: a file that changes later is not viewed any more. With `reviewed_tree` as `from`, ' +
      '`GET …/diff` lists what changed since your review. Of very many marks the oldest are dropped.',
  })
  @ApiProblems('session_not_found', 'person_required', 'tree_not_found')
  @ApiResponse({ status: 200, standardSchema: ReviewProgress })
  update(
    @Ctx() ctx: CallerContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: ReviewProgressUpdate }) body: ReviewProgressUpdate,
  ): Promise<ReviewProgress> {
    return this.progress.update(ctx, sessionId, body);
  }
}
