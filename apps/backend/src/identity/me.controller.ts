import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Me } from '@saas-codex/contracts/identity';
import { Memberships } from './memberships.js';
import { Ctx, type RequestContext } from './request-context.js';

@ApiTags('identity')
@Controller('api/me')
export class MeController {
  constructor(private readonly memberships: Memberships) {}

  @Get()
  @ApiOperation({ operationId: 'readMe', summary: 'Tell who you are, and in which tenant' })
  @ApiResponse({ status: 200, standardSchema: Me })
  read(@Ctx() ctx: RequestContext): Promise<Me> {
    return this.memberships.describe(ctx);
  }
}
