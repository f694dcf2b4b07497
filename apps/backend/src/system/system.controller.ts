import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { SystemInfo } from '@saas-codex/contracts/system';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { SystemService } from './system.service.js';

@ApiTags('system')
@Controller('api/system')
export class SystemController {
  constructor(private readonly system: SystemService) {}

  @Get()
  @RequirePermission('system:read')
  @ApiOperation({
    operationId: 'readSystem',
    summary: 'Read which engine and isolation the agents work with',
    description: 'The engine, where models come from and how agents are isolated, as the runner reports it.',
  })
  @ApiProblems('runner_unavailable')
  @ApiResponse({ status: 200, standardSchema: SystemInfo })
  read(@Ctx() ctx: RequestContext): Promise<SystemInfo> {
    return this.system.read(ctx);
  }
}
