import { Body, Controller, Delete, HttpCode, Param, Put, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  ConfirmSecondFactor,
  RecoveryCodes,
  RemoveSecondFactor,
  SecondFactorSetup,
  StartSecondFactor,
} from '@saas-codex/contracts/second-factor';
import type { Request } from 'express';
import { z } from 'zod';
import { ApiProblems } from '../../../api/problems.decorator.js';
import { RequirePermission } from '../../permissions.js';
import { type CallerContext, Ctx } from '../../request-context.js';
import { SecondFactors } from './second-factors.js';

const UserId = z.string().max(100);

/** PUTs, as for passwords: of a POST with an `Idempotency-Key` the answer is kept, and no secret may be. */
@ApiTags('identity')
@Controller('api')
export class SecondFactorController {
  constructor(private readonly secondFactors: SecondFactors) {}

  @Put('me/second-factor')
  @RequirePermission('account:write')
  @ApiOperation({
    operationId: 'startSecondFactor',
    summary: 'Make a secret for an authenticator app',
    description:
      'It counts once it is confirmed with a code. Until then each call replaces it. Not for API keys.',
  })
  @ApiProblems(
    'person_required',
    'password_wrong',
    'sign_in_locked',
    'sign_in_too_old',
    'second_factor_exists',
  )
  @ApiResponse({ status: 200, standardSchema: SecondFactorSetup })
  start(
    @Ctx() ctx: CallerContext,
    @Body({ schema: StartSecondFactor }) body: StartSecondFactor,
    @Req() req: Request,
  ): Promise<SecondFactorSetup> {
    return this.secondFactors.start(ctx, body.current_password, req);
  }

  @Put('me/second-factor/confirmation')
  @RequirePermission('account:write')
  @ApiOperation({
    operationId: 'confirmSecondFactor',
    summary: 'Confirm the authenticator app with a code',
    description:
      'From now on, signing in with your password takes a code. You are signed out everywhere else. Not for API keys.',
  })
  @ApiProblems('person_required', 'second_factor_missing', 'second_factor_exists', 'second_factor_wrong')
  @ApiResponse({ status: 200, standardSchema: RecoveryCodes })
  confirm(
    @Ctx() ctx: CallerContext,
    @Body({ schema: ConfirmSecondFactor }) { code }: ConfirmSecondFactor,
  ): Promise<RecoveryCodes> {
    return this.secondFactors.confirm(ctx, code);
  }

  @Put('me/second-factor/removal')
  @RequirePermission('account:write')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'removeSecondFactor',
    summary: 'Sign in without a code again',
    description: 'Takes a code of the app, or a recovery code. Not for API keys.',
  })
  @ApiProblems(
    'person_required',
    'password_wrong',
    'sign_in_locked',
    'sign_in_too_old',
    'second_factor_missing',
    'second_factor_wrong',
  )
  @ApiResponse({ status: 204, description: 'The second factor and its recovery codes are gone' })
  remove(
    @Ctx() ctx: CallerContext,
    @Body({ schema: RemoveSecondFactor }) body: RemoveSecondFactor,
    @Req() req: Request,
  ): Promise<void> {
    return this.secondFactors.remove(ctx, body, req);
  }

  @Delete('members/:user_id/second-factor')
  @RequirePermission('members:reset_password')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'resetMemberSecondFactor',
    summary: 'Remove the second factor of a member who has lost it',
    description: 'Not for API keys, and not for members who also belong to another organisation.',
  })
  @ApiProblems(
    'person_required',
    'member_not_found',
    'second_factor_missing',
    'second_factor_reset_forbidden',
  )
  @ApiResponse({ status: 204, description: 'They sign in with their password alone' })
  reset(@Ctx() ctx: CallerContext, @Param('user_id', { schema: UserId }) userId: string): Promise<void> {
    return this.secondFactors.reset(ctx, userId);
  }
}
