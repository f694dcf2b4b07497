import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  CreateCredential,
  Credential,
  CredentialPage,
  CredentialTest,
  ReplaceCredential,
  TestCredential,
} from '@saas-codex/contracts/credentials';
import { Id } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import { ApiProblems } from '../api/problems.decorator.js';
import { ReceivedOnce } from '../api/received-once.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { CredentialStore } from './credential-store.js';
import { RepositoryAccess } from './repository-access.js';

const id = { schema: Id };

@ApiTags('credentials')
@Controller('api/credentials')
export class CredentialsController {
  constructor(
    private readonly credentials: CredentialStore,
    private readonly access: RepositoryAccess,
  ) {}

  @Get()
  @RequirePermission('credentials:own')
  @ApiOperation({
    operationId: 'listCredentials',
    summary: 'List git credentials by host',
    description: 'Your own and those of the organisation, without their tokens, which nobody can read again.',
  })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: CredentialPage })
  list(@Ctx() ctx: RequestContext, @Query({ schema: PageQuery }) query: PageQuery): Promise<CredentialPage> {
    return this.credentials.list(ctx, query);
  }

  @Post()
  @RequirePermission('credentials:own')
  @ReceivedOnce('token')
  @ApiOperation({
    operationId: 'createCredential',
    summary: 'Save a git credential',
    description:
      'Sessions on repositories of this host are then cloned with it. Of several that fit, a person’s own comes first, then the one with the longest path. Only git in the backend uses it: no session, run or agent gets it. One of the organisation takes the permission `credentials:manage`.',
  })
  @ApiProblems('person_required', 'credential_exists', 'too_many_secrets')
  @ApiResponse({ status: 201, standardSchema: Credential })
  create(
    @Ctx() ctx: RequestContext,
    @Body({ schema: CreateCredential }) body: CreateCredential,
  ): Promise<Credential> {
    return this.credentials.create(ctx, body);
  }

  @Patch(':credential_id')
  @RequirePermission('credentials:own')
  @ApiOperation({ operationId: 'replaceCredential', summary: 'Replace the token of a git credential' })
  @ApiProblems('credential_not_found')
  @ApiResponse({ status: 200, standardSchema: Credential })
  replace(
    @Ctx() ctx: RequestContext,
    @Param('credential_id', id) credentialId: string,
    @Body({ schema: ReplaceCredential }) { token }: ReplaceCredential,
  ): Promise<Credential> {
    return this.credentials.replace(ctx, credentialId, token);
  }

  @Delete(':credential_id')
  @HttpCode(204)
  @RequirePermission('credentials:own')
  @ApiOperation({
    operationId: 'removeCredential',
    summary: 'Remove a git credential',
    description: 'Sessions that were cloned with it keep their state. Revoke the token at its host, too.',
  })
  @ApiProblems('credential_not_found')
  @ApiResponse({ status: 204, description: 'The credential and its token are gone' })
  remove(@Ctx() ctx: RequestContext, @Param('credential_id', id) credentialId: string): Promise<void> {
    return this.credentials.remove(ctx, credentialId);
  }

  @Post(':credential_id/test')
  @HttpCode(200)
  @RequirePermission('credentials:own')
  @ApiOperation({
    operationId: 'testCredential',
    summary: 'Try whether a repository can be read with a git credential',
    description: 'Asks the host for the list of branches, and fetches nothing.',
  })
  @ApiProblems(
    'credential_not_found',
    'repo_url_invalid',
    'repo_url_scheme',
    'repo_url_credentials',
    'repo_host_forbidden',
    'repo_host_unknown',
  )
  @ApiResponse({ status: 200, standardSchema: CredentialTest })
  test(
    @Ctx() ctx: RequestContext,
    @Param('credential_id', id) credentialId: string,
    @Body({ schema: TestCredential }) { repo_url }: TestCredential,
  ): Promise<CredentialTest> {
    return this.access.test(ctx, credentialId, repo_url);
  }
}
