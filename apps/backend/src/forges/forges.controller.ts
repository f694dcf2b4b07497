import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ConnectForge, Forge, ForgePage, ForgeTest, ReplaceForgeToken } from '@saas-codex/contracts/forges';
import { Id } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import { ApiProblems } from '../api/problems.decorator.js';
import { ReceivedOnce } from '../api/received-once.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { ForgeStore } from './forge-store.js';
import { ForgeTests } from './forge-tests.js';

const id = { schema: Id };

@ApiTags('forges')
@Controller('api/forges')
export class ForgesController {
  constructor(
    private readonly forges: ForgeStore,
    private readonly tests: ForgeTests,
  ) {}

  @Get()
  @RequirePermission('credentials:own')
  @ApiOperation({
    operationId: 'listForges',
    summary: 'List connected forges by host',
    description: 'Your own and those of the organisation, without their tokens, which nobody can read again.',
  })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: ForgePage })
  list(@Ctx() ctx: RequestContext, @Query({ schema: PageQuery }) query: PageQuery): Promise<ForgePage> {
    return this.forges.list(ctx, query);
  }

  @Post()
  @RequirePermission('credentials:own')
  @ReceivedOnce('token')
  @ApiOperation({
    operationId: 'connectForge',
    summary: 'Connect a forge',
    description:
      'Repositories of this host are then found, cloned and pushed with its token. A git credential for the host comes before it, and your own connection before the one of the organisation. The token is saved without asking the forge: test it afterwards. One of the organisation takes the permission `credentials:manage`.',
  })
  @ApiProblems('person_required', 'forge_url_refused', 'forge_exists', 'too_many_secrets')
  @ApiResponse({ status: 201, standardSchema: Forge })
  connect(@Ctx() ctx: RequestContext, @Body({ schema: ConnectForge }) body: ConnectForge): Promise<Forge> {
    return this.forges.connect(ctx, body);
  }

  @Patch(':forge_id')
  @RequirePermission('credentials:own')
  @ApiOperation({ operationId: 'replaceForgeToken', summary: 'Replace the token of a connected forge' })
  @ApiProblems('forge_not_found')
  @ApiResponse({ status: 200, standardSchema: Forge })
  replaceToken(
    @Ctx() ctx: RequestContext,
    @Param('forge_id', id) forgeId: string,
    @Body({ schema: ReplaceForgeToken }) body: ReplaceForgeToken,
  ): Promise<Forge> {
    return this.forges.replaceToken(ctx, forgeId, body);
  }

  @Delete(':forge_id')
  @HttpCode(204)
  @RequirePermission('credentials:own')
  @ApiOperation({
    operationId: 'disconnectForge',
    summary: 'Remove a connected forge and its token',
    description: 'Sessions that are open keep their state. Revoke the token at the forge, too.',
  })
  @ApiProblems('forge_not_found')
  @ApiResponse({ status: 204 })
  remove(@Ctx() ctx: RequestContext, @Param('forge_id', id) forgeId: string): Promise<void> {
    return this.forges.remove(ctx, forgeId);
  }

  @Post(':forge_id/test')
  @HttpCode(200)
  @RequirePermission('credentials:own')
  @ApiOperation({
    operationId: 'testForge',
    summary: 'Ask a forge what its token is good for',
    description: 'Nothing is changed at the forge. What cannot be known without trying is `unknown`.',
  })
  @ApiProblems('forge_not_found')
  @ApiResponse({ status: 200, standardSchema: ForgeTest })
  test(@Ctx() ctx: RequestContext, @Param('forge_id', id) forgeId: string): Promise<ForgeTest> {
    return this.tests.test(ctx, forgeId);
  }
}
