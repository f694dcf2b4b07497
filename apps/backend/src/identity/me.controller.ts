import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Me } from '@saas-codex/contracts/identity';
import { Memberships } from './memberships.js';
import { RequirePermission, RoutePermissions } from './permissions.js';
import { type CallerContext, Ctx } from './request-context.js';

@ApiTags('identity')
@Controller('api/me')
export class MeController {
  constructor(
    private readonly memberships: Memberships,
    private readonly permissions: RoutePermissions,
  ) {}

  @Get()
  @RequirePermission('account:read')
  @ApiOperation({ operationId: 'readMe', summary: 'Read who you are, in which tenant, and what you may do' })
  @ApiResponse({ status: 200, standardSchema: Me })
  async read(@Ctx() ctx: CallerContext): Promise<Me> {
    return { ...(await this.memberships.describe(ctx)), permissions: [...this.permissions.of(ctx.actor)] };
  }
}
