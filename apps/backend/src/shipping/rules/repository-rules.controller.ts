import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import {
  CreateRepositoryRule,
  RepositoryRule,
  RepositoryRulePage,
  UpdateRepositoryRule,
} from '@saas-codex/contracts/repository-rules';
import { ApiProblems } from '../../api/problems.decorator.js';
import { RequirePermission } from '../../identity/permissions.js';
import { Ctx, type RequestContext } from '../../identity/request-context.js';
import { RepositoryRuleStore } from './repository-rule-store.js';

const id = { schema: Id };

@ApiTags('repository-rules')
@Controller('api/repository-rules')
export class RepositoryRulesController {
  constructor(private readonly rules: RepositoryRuleStore) {}

  @Get()
  @RequirePermission('sessions:ship')
  @ApiOperation({
    operationId: 'listRepositoryRules',
    summary: 'List the rules for repositories by host and path',
    description:
      'Of those that cover a repository, the one with the longest path holds. Where none does, the settings of the installation do.',
  })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: RepositoryRulePage })
  list(
    @Ctx() ctx: RequestContext,
    @Query({ schema: PageQuery }) query: PageQuery,
  ): Promise<RepositoryRulePage> {
    return this.rules.list(ctx, query);
  }

  @Post()
  @RequirePermission('shipping:manage')
  @ApiOperation({
    operationId: 'createRepositoryRule',
    summary: 'Make a rule for repositories',
    description:
      'It holds from the next push on, and for those that are still pending. A branch pattern is proposed, and every branch must follow it. The default branch is pushed to only where `allow_default_branch` is true.',
  })
  @ApiProblems('repository_rule_exists', 'too_many_repository_rules')
  @ApiResponse({ status: 201, standardSchema: RepositoryRule })
  create(
    @Ctx() ctx: RequestContext,
    @Body({ schema: CreateRepositoryRule }) body: CreateRepositoryRule,
  ): Promise<RepositoryRule> {
    return this.rules.create(ctx, body);
  }

  @Patch(':rule_id')
  @RequirePermission('shipping:manage')
  @ApiOperation({ operationId: 'updateRepositoryRule', summary: 'Change a rule for repositories' })
  @ApiProblems('repository_rule_not_found')
  @ApiResponse({ status: 200, standardSchema: RepositoryRule })
  update(
    @Ctx() ctx: RequestContext,
    @Param('rule_id', id) ruleId: string,
    @Body({ schema: UpdateRepositoryRule }) body: UpdateRepositoryRule,
  ): Promise<RepositoryRule> {
    return this.rules.update(ctx, ruleId, body);
  }

  @Delete(':rule_id')
  @HttpCode(204)
  @RequirePermission('shipping:manage')
  @ApiOperation({
    operationId: 'removeRepositoryRule',
    summary: 'Remove a rule for repositories',
    description: 'What covers them else holds from the next push on.',
  })
  @ApiProblems('repository_rule_not_found')
  @ApiResponse({ status: 204, description: 'The rule is gone' })
  remove(@Ctx() ctx: RequestContext, @Param('rule_id', id) ruleId: string): Promise<void> {
    return this.rules.remove(ctx, ruleId);
  }
}
