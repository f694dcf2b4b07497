import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiKeyPage, CreateApiKey, CreatedApiKey } from '@saas-codex/contracts/api-keys';
import { AccountId } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import { ApiProblems } from '../api/problems.decorator.js';
import { ShownOnce } from '../api/shown-once.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx } from '../identity/request-context.js';
import { ApiKeysService } from './api-keys.service.js';

const id = { schema: AccountId };

@ApiTags('identity')
@Controller('api/api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Get()
  @RequirePermission('api_keys:own')
  @ApiOperation({ operationId: 'listApiKeys', summary: 'List your API keys in this tenant, newest first' })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: ApiKeyPage })
  list(@Ctx() ctx: CallerContext, @Query({ schema: PageQuery }) query: PageQuery): Promise<ApiKeyPage> {
    return this.keys.list(ctx, query);
  }

  @Post()
  @RequirePermission('api_keys:own')
  @ShownOnce('key')
  @ApiOperation({
    operationId: 'createApiKey',
    summary: 'Make an API key',
    description:
      'It acts for you in this tenant, with your role as it is at each request, or with less (`scopes`). Only in a browser: a key cannot make keys.',
  })
  @ApiProblems('forbidden')
  @ApiResponse({ status: 201, standardSchema: CreatedApiKey })
  create(
    @Ctx() ctx: CallerContext,
    @Body({ schema: CreateApiKey }) body: CreateApiKey,
  ): Promise<CreatedApiKey> {
    return this.keys.create(ctx, body);
  }

  @Delete(':key_id')
  @HttpCode(204)
  @RequirePermission('api_keys:own')
  @ApiOperation({
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key of yours',
    description: 'Its requests are refused at once, and its streams end within 5 s.',
  })
  @ApiProblems('api_key_not_found')
  @ApiResponse({ status: 204, description: 'The key no longer works' })
  revoke(@Ctx() ctx: CallerContext, @Param('key_id', id) keyId: string): Promise<void> {
    return this.keys.revoke(ctx, keyId);
  }
}
