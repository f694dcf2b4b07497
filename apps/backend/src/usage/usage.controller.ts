import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { TenantUsage } from '@saas-codex/contracts/usage';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { UsageService } from './usage.service.js';

@ApiTags('system')
@Controller('api/usage')
export class UsageController {
  constructor(private readonly usage: UsageService) {}

  @Get()
  @RequirePermission('usage:read')
  @ApiOperation({
    operationId: 'readUsage',
    summary: 'Read what the organisation uses: disk, sessions and runs',
    description: 'Disk usage is measured every few minutes. Deleted sessions stop counting at once.',
  })
  @ApiResponse({ status: 200, standardSchema: TenantUsage })
  read(@Ctx() ctx: RequestContext): Promise<TenantUsage> {
    return this.usage.read(ctx);
  }
}
