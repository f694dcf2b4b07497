import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  ConfirmHostKeys,
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
  @ReceivedOnce('token', 'private_key')
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
  @ApiOperation({
    operationId: 'replaceCredential',
    summary: 'Replace the token or private key of a git credential',
  })
  @ApiProblems('credential_not_found')
  @ApiResponse({ status: 200, standardSchema: Credential })
  replace(
    @Ctx() ctx: RequestContext,
    @Param('credential_id', id) credentialId: string,
    @Body({ schema: ReplaceCredential }) body: ReplaceCredential,
  ): Promise<Credential> {
    return this.credentials.replace(ctx, credentialId, body);
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

  @Post(':credential_id/host-keys')
  @HttpCode(200)
  @RequirePermission('credentials:own')
  @ApiOperation({
    operationId: 'findHostKeys',
    summary: 'Ask the host of an ssh key for its own keys',
    description:
      'The answer shows their fingerprints. Compare them with those that the host publishes, then confirm them. Until then the key is not used. Keys that were confirmed and are found again stay confirmed.',
  })
  @ApiProblems('credential_not_found', 'repo_host_forbidden', 'repo_host_unknown', 'clone_unreachable')
  @ApiResponse({ status: 200, standardSchema: Credential })
  findHostKeys(
    @Ctx() ctx: RequestContext,
    @Param('credential_id', id) credentialId: string,
  ): Promise<Credential> {
    return this.access.findHostKeys(ctx, credentialId);
  }

  @Put(':credential_id/host-keys')
  @RequirePermission('credentials:own')
  @ApiOperation({
    operationId: 'confirmHostKeys',
    summary: 'Confirm the keys of a host',
    description: 'From now on the ssh key is used, and only with a host that shows one of these keys.',
  })
  @ApiProblems('credential_not_found', 'host_keys_differ')
  @ApiResponse({ status: 200, standardSchema: Credential })
  confirmHostKeys(
    @Ctx() ctx: RequestContext,
    @Param('credential_id', id) credentialId: string,
    @Body({ schema: ConfirmHostKeys }) { fingerprints }: ConfirmHostKeys,
  ): Promise<Credential> {
    return this.credentials.confirmHostKeys(ctx, credentialId, fingerprints);
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
