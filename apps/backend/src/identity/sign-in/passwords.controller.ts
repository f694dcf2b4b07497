import { Body, Controller, Get, HttpCode, Param, Put, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ChangePassword, Credentials, PasswordResetLink } from '@saas-codex/contracts/sign-in';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { ApiProblems } from '../../api/problems.decorator.js';
import { passCookies } from '../authentication.js';
import { RequirePermission } from '../permissions.js';
import { userIdOf } from '../person.js';
import { type CallerContext, Ctx } from '../request-context.js';
import { Mailer } from './mailer.js';
import { Passwords } from './passwords.js';
import { SecondFactors } from './second-factor/second-factors.js';

const UserId = z.string().max(100);

/**
 * What signed-in people do with passwords. These are PUTs: of a POST with an `Idempotency-Key`, a hash of the body and the
 * answer are kept, and neither a password nor a link may be.
 */
@ApiTags('identity')
@Controller('api')
export class PasswordsController {
  constructor(
    private readonly passwords: Passwords,
    private readonly mailer: Mailer,
    private readonly secondFactors: SecondFactors,
  ) {}

  @Get('me/credentials')
  @RequirePermission('account:read')
  @ApiOperation({ operationId: 'readCredentials', summary: 'Read with what you sign in' })
  @ApiProblems('person_required')
  @ApiResponse({ status: 200, standardSchema: Credentials })
  async credentials(@Ctx() { actor }: CallerContext): Promise<Credentials> {
    return {
      password: await this.passwords.isSet(userIdOf(actor)),
      email_change: this.mailer.available,
      second_factor: await this.secondFactors.stateOf(userIdOf(actor)),
    };
  }

  @Put('me/password')
  @RequirePermission('account:write')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'changePassword',
    summary: 'Set or change your password',
    description:
      'Signs you out everywhere else, and replaces the cookie. Your API keys stay, unless `revoke_api_keys` is true. Not for API keys.',
  })
  @ApiProblems('person_required', 'password_wrong', 'sign_in_locked', 'sign_in_too_old')
  @ApiResponse({ status: 204, description: 'The password is set' })
  async change(
    @Ctx() ctx: CallerContext,
    @Body({ schema: ChangePassword }) body: ChangePassword,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<void> {
    passCookies(await this.passwords.change(ctx, body, req), res);
  }

  @Put('members/:user_id/password-reset')
  @RequirePermission('members:reset_password')
  @ApiOperation({
    operationId: 'resetMemberPassword',
    summary: "Make a link that resets a member's password",
    description:
      'The link is mailed to the member, or shown here once if this installation sends no mail. Not for API keys, and not for members who also belong to another organisation.',
  })
  @ApiProblems('person_required', 'member_not_found', 'password_reset_forbidden')
  @ApiResponse({ status: 200, standardSchema: PasswordResetLink })
  resetMember(
    @Ctx() ctx: CallerContext,
    @Param('user_id', { schema: UserId }) userId: string,
  ): Promise<PasswordResetLink> {
    return this.passwords.resetLink(ctx, userId);
  }
}
