import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Me } from '@saas-codex/contracts/identity';
import { Memberships } from './memberships.js';
import { RequirePermission } from './permissions.js';
import { type CallerContext, Ctx } from './request-context.js';

@ApiTags('identity')
@Controller('api/me')
export class MeController {
  constructor(private readonly memberships: Memberships) {}

  @Get()
  @RequirePermission('account:read')
  @ApiOperation({ operationId: 'readMe', summary: 'Read who you are and in which tenant' })
  @ApiResponse({ status: 200, standardSchema: Me })
  read(@Ctx() ctx: CallerContext): Promise<Me> {
    return this.memberships.describe(ctx);
  }
}
