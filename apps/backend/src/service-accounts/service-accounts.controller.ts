import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiKeyPage, CreateApiKey, CreatedApiKey } from '@saas-codex/contracts/api-keys';
import { AccountId } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import {
  CreateServiceAccount,
  ServiceAccount,
  ServiceAccountPage,
  UpdateServiceAccount,
} from '@saas-codex/contracts/service-accounts';
import { ApiProblems } from '../api/problems.decorator.js';
import { ShownOnce } from '../api/shown-once.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx } from '../identity/request-context.js';
import { ServiceAccountsService } from './service-accounts.service.js';

const id = { schema: AccountId };

@ApiTags('identity')
@Controller('api/service-accounts')
export class ServiceAccountsController {
  constructor(private readonly accounts: ServiceAccountsService) {}

  @Get()
  @RequirePermission('service_accounts:manage')
  @ApiOperation({
    operationId: 'listServiceAccounts',
    summary: 'List the service accounts of the tenant, newest first',
  })
  @ApiProblems('person_required', 'invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: ServiceAccountPage })
  list(
    @Ctx() ctx: CallerContext,
    @Query({ schema: PageQuery }) query: PageQuery,
  ): Promise<ServiceAccountPage> {
    return this.accounts.list(ctx, query);
  }

  @Post()
  @RequirePermission('service_accounts:manage')
  @ApiOperation({
    operationId: 'createServiceAccount',
    summary: 'Create a service account',
    description:
      'A program that acts in this tenant as itself, with the role that you give it and keys of its own. It stays when you leave.',
  })
  @ApiProblems('person_required', 'forbidden')
  @ApiResponse({ status: 201, standardSchema: ServiceAccount })
  create(
    @Ctx() ctx: CallerContext,
    @Body({ schema: CreateServiceAccount }) body: CreateServiceAccount,
  ): Promise<ServiceAccount> {
    return this.accounts.create(ctx, body);
  }

  @Patch(':service_account_id')
  @RequirePermission('service_accounts:manage')
  @ApiOperation({
    operationId: 'updateServiceAccount',
    summary: 'Rename a service account, or change its role',
    description: 'A new role counts from its next request. Its open streams end within 5 s.',
  })
  @ApiProblems('person_required', 'service_account_not_found', 'forbidden')
  @ApiResponse({ status: 200, standardSchema: ServiceAccount })
  update(
    @Ctx() ctx: CallerContext,
    @Param('service_account_id', id) accountId: string,
    @Body({ schema: UpdateServiceAccount }) body: UpdateServiceAccount,
  ): Promise<ServiceAccount> {
    return this.accounts.update(ctx, accountId, body);
  }

  @Delete(':service_account_id')
  @HttpCode(204)
  @RequirePermission('service_accounts:manage')
  @ApiOperation({
    operationId: 'deleteServiceAccount',
    summary: 'Delete a service account and its keys',
    description:
      'Its requests are refused at once, and its streams end within 5 s. The sessions that it created stay.',
  })
  @ApiProblems('person_required', 'service_account_not_found')
  @ApiResponse({ status: 204, description: 'The service account is gone' })
  remove(@Ctx() ctx: CallerContext, @Param('service_account_id', id) accountId: string): Promise<void> {
    return this.accounts.remove(ctx, accountId);
  }

  @Get(':service_account_id/keys')
  @RequirePermission('service_accounts:manage')
  @ApiOperation({
    operationId: 'listServiceAccountKeys',
    summary: 'List the keys of a service account, newest first',
  })
  @ApiProblems('person_required', 'service_account_not_found', 'invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: ApiKeyPage })
  listKeys(
    @Ctx() ctx: CallerContext,
    @Param('service_account_id', id) accountId: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ): Promise<ApiKeyPage> {
    return this.accounts.listKeys(ctx, accountId, query);
  }

  @Post(':service_account_id/keys')
  @RequirePermission('service_accounts:manage')
  @ShownOnce('key')
  @ApiOperation({
    operationId: 'createServiceAccountKey',
    summary: 'Make a key of a service account',
    description:
      'It acts as the service account, with its role as it is at each request, or with less (`scopes`). Only in a browser: a key cannot make keys.',
  })
  @ApiProblems('person_required', 'service_account_not_found', 'forbidden')
  @ApiResponse({ status: 201, standardSchema: CreatedApiKey })
  createKey(
    @Ctx() ctx: CallerContext,
    @Param('service_account_id', id) accountId: string,
    @Body({ schema: CreateApiKey }) body: CreateApiKey,
  ): Promise<CreatedApiKey> {
    return this.accounts.createKey(ctx, accountId, body);
  }

  @Delete(':service_account_id/keys/:key_id')
  @HttpCode(204)
  @RequirePermission('service_accounts:manage')
  @ApiOperation({
    operationId: 'revokeServiceAccountKey',
    summary: 'Revoke a key of a service account',
    description: 'Its requests are refused at once, and its streams end within 5 s.',
  })
  @ApiProblems('person_required', 'service_account_not_found', 'api_key_not_found')
  @ApiResponse({ status: 204, description: 'The key no longer works' })
  revokeKey(
    @Ctx() ctx: CallerContext,
    @Param('service_account_id', id) accountId: string,
    @Param('key_id', id) keyId: string,
  ): Promise<void> {
    return this.accounts.revokeKey(ctx, accountId, keyId);
  }
}
