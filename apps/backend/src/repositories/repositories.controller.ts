import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  RepositoriesQuery,
  RepositoryRefs,
  RepositoryRefsQuery,
  RepositorySearch,
} from '@saas-codex/contracts/forges';
import { ApiProblems } from '../api/problems.decorator.js';
import { RepositoryAccess } from '../credentials/repository-access.js';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx } from '../identity/request-context.js';
import { RepositorySearches } from './repository-search.js';

@ApiTags('repositories')
@Controller('api/repositories')
export class RepositoriesController {
  constructor(
    private readonly searches: RepositorySearches,
    private readonly access: RepositoryAccess,
  ) {}

  @Get()
  @RequirePermission('credentials:own')
  @ApiOperation({
    operationId: 'searchRepositories',
    summary: 'Search the repositories of connected forges',
    description:
      'Asks all of them at once, at each with your own connection, else with the one of the organisation. A forge that does not answer is in `failed`, with what to do.',
  })
  @ApiResponse({ status: 200, standardSchema: RepositorySearch })
  search(
    @Ctx() ctx: CallerContext,
    @Query({ schema: RepositoriesQuery }) query: RepositoriesQuery,
  ): Promise<RepositorySearch> {
    return this.searches.search(ctx, query);
  }

  @Get('refs')
  @RequirePermission('credentials:own')
  @ApiOperation({
    operationId: 'listRepositoryRefs',
    summary: 'List the branches and tags of a repository',
    description:
      'Of any that git can reach, whether its forge is connected or not. Git asks with the credential or the connection that a session of yours would be cloned with. Nothing is fetched.',
  })
  @ApiProblems(
    'repo_url_invalid',
    'repo_url_scheme',
    'repo_url_credentials',
    'repo_host_forbidden',
    'repo_host_unknown',
    'clone_failed',
    'clone_auth_failed',
    'clone_host_key_changed',
    'clone_not_found',
    'clone_unreachable',
    'clone_timeout',
    'clone_redirected',
    'clone_rate_limited',
  )
  @ApiResponse({ status: 200, standardSchema: RepositoryRefs })
  refs(
    @Ctx() ctx: CallerContext,
    @Query({ schema: RepositoryRefsQuery }) { repo_url }: RepositoryRefsQuery,
  ): Promise<RepositoryRefs> {
    return this.access.refs(ctx, ctx.readerId, repo_url);
  }
}
