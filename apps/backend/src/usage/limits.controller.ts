import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { LimitsOverview, UpdateLimits } from '@saas-codex/contracts/limits';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { LimitsService } from './limits.service.js';

@ApiTags('limits')
@Controller('api/limits')
export class LimitsController {
  constructor(private readonly limits: LimitsService) {}

  @Get()
  @RequirePermission('usage:read')
  @ApiOperation({
    operationId: 'readLimits',
    summary: 'Read the limits of runs, sessions, people and the organisation, and how much of them is used',
    description:
      'Money is in micro-dollars: 1,000,000 are one US dollar. Days and months are those of UTC. A model call that would pass a limit is not sent: its run waits until somebody raises the limit, and ends with the code `limit_reached` if nobody does.',
  })
  @ApiResponse({ status: 200, standardSchema: LimitsOverview })
  read(@Ctx() ctx: RequestContext): Promise<LimitsOverview> {
    return this.limits.read(ctx);
  }

  @Patch()
  @RequirePermission('limits:manage')
  @ApiOperation({
    operationId: 'updateLimits',
    summary: 'Change limits',
    description:
      'Takes effect with the next model call, also of runs that wait at a limit. None can be above its ceiling.',
  })
  @ApiProblems('limit_above_ceiling')
  @ApiResponse({ status: 200, standardSchema: LimitsOverview })
  update(
    @Ctx() ctx: RequestContext,
    @Body({ schema: UpdateLimits }) change: UpdateLimits,
  ): Promise<LimitsOverview> {
    return this.limits.update(ctx, change);
  }
}
