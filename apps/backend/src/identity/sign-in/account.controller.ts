import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Put, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Me } from '@saas-codex/contracts/identity';
import { PageQuery } from '@saas-codex/contracts/pagination';
import {
  ChangeEmail,
  ConfirmEmail,
  RevokeOtherSignInsQuery,
  SignInId,
  SignInPage,
  UpdateMe,
} from '@saas-codex/contracts/sign-in';
import type { Request } from 'express';
import { ApiProblems } from '../../api/problems.decorator.js';
import { Memberships } from '../memberships.js';
import { RequirePermission } from '../permissions.js';
import { type CallerContext, Ctx } from '../request-context.js';
import { Account } from './account.js';
import { SignIns } from './sign-ins.js';

/** What people see and change about themselves, at a browser. */
@ApiTags('identity')
@Controller('api/me')
export class AccountController {
  constructor(
    private readonly account: Account,
    private readonly signIns: SignIns,
    private readonly memberships: Memberships,
  ) {}

  @Patch()
  @RequirePermission('account:write')
  @ApiOperation({ operationId: 'updateMe', summary: 'Change your name', description: 'Not for API keys.' })
  @ApiProblems('person_required')
  @ApiResponse({ status: 200, standardSchema: Me })
  async update(@Ctx() ctx: CallerContext, @Body({ schema: UpdateMe }) { name }: UpdateMe): Promise<Me> {
    await this.account.rename(ctx, name);
    return this.memberships.describe(ctx);
  }

  @Put('email')
  @RequirePermission('account:write')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'changeEmail',
    summary: 'Ask for a link that changes your address',
    description: 'The link is mailed to the new address. Not for API keys.',
  })
  @ApiProblems('person_required', 'mail_missing', 'password_wrong', 'sign_in_locked', 'sign_in_too_old')
  @ApiResponse({ status: 204, description: 'If the address is free, a mail is on its way to it' })
  changeEmail(
    @Ctx() ctx: CallerContext,
    @Body({ schema: ChangeEmail }) body: ChangeEmail,
    @Req() req: Request,
  ): Promise<void> {
    return this.account.changeEmail(ctx, body, req);
  }

  @Put('email/confirmation')
  @RequirePermission('account:write')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'confirmEmail',
    summary: 'Change your address with a mailed link',
    description: 'The link works for the person who asked for it. The old address is told. Not for API keys.',
  })
  @ApiProblems('person_required', 'link_invalid')
  @ApiResponse({ status: 204, description: 'The address is changed' })
  confirmEmail(
    @Ctx() ctx: CallerContext,
    @Body({ schema: ConfirmEmail }) { token }: ConfirmEmail,
  ): Promise<void> {
    return this.account.confirmEmail(ctx, token);
  }

  @Get('sign-ins')
  @RequirePermission('account:read')
  @ApiOperation({
    operationId: 'listSignIns',
    summary: 'List where you are signed in, newest first',
    description: 'Not for API keys.',
  })
  @ApiProblems('person_required', 'invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: SignInPage })
  list(@Ctx() ctx: CallerContext, @Query({ schema: PageQuery }) query: PageQuery): Promise<SignInPage> {
    return this.signIns.list(ctx, query);
  }

  @Delete('sign-ins')
  @RequirePermission('account:write')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeOtherSignIns',
    summary: 'Sign out everywhere else',
    description:
      'Open event streams of those sign-ins end within 5 s. With `api_keys=true` your API keys end with them. Not for API keys.',
  })
  @ApiProblems('person_required')
  @ApiResponse({ status: 204, description: 'Only this sign-in is left' })
  revokeOthers(
    @Ctx() ctx: CallerContext,
    @Query({ schema: RevokeOtherSignInsQuery }) query: RevokeOtherSignInsQuery,
  ): Promise<void> {
    return this.signIns.revokeOthers(ctx, query);
  }

  @Delete('sign-ins/:sign_in_id')
  @RequirePermission('account:write')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeSignIn',
    summary: 'Sign out one browser',
    description: 'Its open event streams end within 5 s. Not for API keys.',
  })
  @ApiProblems('person_required', 'sign_in_not_found')
  @ApiResponse({ status: 204, description: 'Signed out' })
  revoke(@Ctx() ctx: CallerContext, @Param('sign_in_id', { schema: SignInId }) id: string): Promise<void> {
    return this.signIns.revoke(ctx, id);
  }
}
