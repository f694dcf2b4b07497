import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Member, MemberPage, UpdateMember } from '@saas-codex/contracts/members';
import { AccountId } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx } from '../identity/request-context.js';
import { MembersService } from './members.service.js';

const id = { schema: AccountId };

@ApiTags('tenants')
@Controller('api/members')
export class MembersController {
  constructor(private readonly members: MembersService) {}

  @Get()
  @RequirePermission('members:read')
  @ApiOperation({
    operationId: 'listMembers',
    summary: 'List the members of the tenant, who joined first first',
  })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: MemberPage })
  list(@Ctx() ctx: CallerContext, @Query({ schema: PageQuery }) query: PageQuery): Promise<MemberPage> {
    return this.members.list(ctx, query);
  }

  @Patch(':user_id')
  @RequirePermission('members:manage')
  @ApiOperation({
    operationId: 'updateMember',
    summary: "Change a member's role",
    description: 'Only an owner can name owners and change them. A tenant keeps an owner.',
  })
  @ApiProblems('member_not_found', 'last_owner', 'forbidden')
  @ApiResponse({ status: 200, standardSchema: Member })
  update(
    @Ctx() ctx: CallerContext,
    @Param('user_id', id) userId: string,
    @Body({ schema: UpdateMember }) { role }: UpdateMember,
  ): Promise<Member> {
    return this.members.changeRole(ctx, userId, role);
  }

  @Delete(':user_id')
  @HttpCode(204)
  @RequirePermission('members:manage')
  @ApiOperation({
    operationId: 'removeMember',
    summary: 'Remove a member from the tenant',
    description:
      'Their requests are refused at once, their API keys of this tenant are deleted, and their streams end within 5 s. Their sessions stay.',
  })
  @ApiProblems('member_not_found', 'last_owner', 'forbidden')
  @ApiResponse({ status: 204, description: 'The person no longer belongs to the tenant' })
  remove(@Ctx() ctx: CallerContext, @Param('user_id', id) userId: string): Promise<void> {
    return this.members.remove(ctx, userId);
  }
}
