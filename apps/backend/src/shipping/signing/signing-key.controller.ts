import { Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { CommitSigning } from '@saas-codex/contracts/signing-key';
import { ApiProblems } from '../../api/problems.decorator.js';
import { RequirePermission } from '../../identity/permissions.js';
import { Ctx, type RequestContext } from '../../identity/request-context.js';
import { SigningKeysService } from './signing-keys.service.js';

@ApiTags('signing-key')
@Controller('api/signing-key')
export class SigningKeyController {
  constructor(private readonly keys: SigningKeysService) {}

  @Get()
  @RequirePermission('sessions:ship')
  @ApiOperation({
    operationId: 'readSigningKey',
    summary: 'Read the public half of the key that signs commits',
    description: 'Nobody can read the private half.',
  })
  @ApiResponse({ status: 200, standardSchema: CommitSigning })
  read(@Ctx() ctx: RequestContext): Promise<CommitSigning> {
    return this.keys.read(ctx);
  }

  @Post()
  @RequirePermission('shipping:manage')
  @ApiOperation({
    operationId: 'createSigningKey',
    summary: 'Sign commits with a new key',
    description:
      'Every commit that is made from now on has an ssh signature. Add the public half as a signing key at the forge, to the account that shall vouch for the commits. A key that is there already is replaced: leave its public half at the forge, or what it has signed is no longer verified there.',
  })
  @ApiProblems('too_many_secrets')
  @ApiResponse({ status: 201, standardSchema: CommitSigning })
  create(@Ctx() ctx: RequestContext): Promise<CommitSigning> {
    return this.keys.create(ctx);
  }

  @Delete()
  @HttpCode(204)
  @RequirePermission('shipping:manage')
  @ApiOperation({
    operationId: 'removeSigningKey',
    summary: 'Sign commits no longer',
    description: 'Deletes the key. What it has signed stays signed.',
  })
  @ApiProblems('signing_key_not_found')
  @ApiResponse({ status: 204, description: 'The key is gone' })
  remove(@Ctx() ctx: RequestContext): Promise<void> {
    return this.keys.remove(ctx);
  }
}
