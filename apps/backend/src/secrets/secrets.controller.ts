import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { CreateSecret, Secret, SecretPage, SecretsQuery, UpdateSecret } from '@saas-codex/contracts/secrets';
import { v7 as uuidV7 } from 'uuid';
import { ApiProblems } from '../api/problems.decorator.js';
import { ReceivedOnce } from '../api/received-once.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { SecretStore } from './secret-store.js';

const id = { schema: Id };

@ApiTags('secrets')
@Controller('api/secrets')
export class SecretsController {
  constructor(private readonly secrets: SecretStore) {}

  @Get()
  @RequirePermission('secrets:read')
  @ApiOperation({
    operationId: 'listSecrets',
    summary: 'List secrets by name',
    description: 'Without their values, which nobody can read again.',
  })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: SecretPage })
  list(
    @Ctx() ctx: RequestContext,
    @Query({ schema: SecretsQuery }) query: SecretsQuery,
  ): Promise<SecretPage> {
    return this.secrets.list(ctx, query);
  }

  @Post()
  @RequirePermission('secrets:manage')
  @ReceivedOnce('value')
  @ApiOperation({
    operationId: 'createSecret',
    summary: 'Save a secret',
    description:
      'Sessions that name it get it as an environment variable. Its value is encrypted, cannot be read again, and is redacted from what runs print.',
  })
  @ApiProblems('secret_name_taken', 'too_many_secrets')
  @ApiResponse({ status: 201, standardSchema: Secret })
  create(
    @Ctx() ctx: RequestContext,
    @Body({ schema: CreateSecret }) { name, value }: CreateSecret,
  ): Promise<Secret> {
    return this.secrets.insert(ctx, { id: ctx.idempotentId ?? uuidV7(), kind: 'environment', name, value });
  }

  @Patch(':secret_id')
  @RequirePermission('secrets:manage')
  @ApiOperation({
    operationId: 'updateSecret',
    summary: 'Rename a secret, or replace its value',
    description: 'Sessions that name it follow the new name. Future runs get the new value.',
  })
  @ApiProblems('secret_not_found', 'secret_name_taken')
  @ApiResponse({ status: 200, standardSchema: Secret })
  update(
    @Ctx() ctx: RequestContext,
    @Param('secret_id', id) secretId: string,
    @Body({ schema: UpdateSecret }) { name, value }: UpdateSecret,
  ): Promise<Secret> {
    const change = { ...(name !== undefined && { name }), ...(value !== undefined && { value }) };
    return this.secrets.update(ctx, secretId, change);
  }

  @Delete(':secret_id')
  @HttpCode(204)
  @RequirePermission('secrets:manage')
  @ApiOperation({
    operationId: 'deleteSecret',
    summary: 'Delete a secret',
    description: 'Runs of sessions that still name it fail, and their error says so.',
  })
  @ApiProblems('secret_not_found')
  @ApiResponse({ status: 204, description: 'The secret is deleted' })
  remove(@Ctx() ctx: RequestContext, @Param('secret_id', id) secretId: string): Promise<void> {
    return this.secrets.remove(ctx, secretId);
  }
}
