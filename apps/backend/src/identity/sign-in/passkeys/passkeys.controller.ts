import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AccountId } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import {
  CreatePasskey,
  Passkey,
  PasskeyOptions,
  PasskeyPage,
  PasskeySignIn,
  StartPasskey,
  UpdatePasskey,
} from '@saas-codex/contracts/passkeys';
import type { Request, Response } from 'express';
import { ApiProblems } from '../../../api/problems.decorator.js';
import { Authentication } from '../../authentication.js';
import { Public, RequirePermission } from '../../permissions.js';
import { type CallerContext, Ctx } from '../../request-context.js';
import { Passkeys } from './passkeys.js';

const id = { schema: AccountId };

@ApiTags('identity')
@Controller('api')
export class PasskeysController {
  constructor(
    private readonly passkeys: Passkeys,
    private readonly authentication: Authentication,
  ) {}

  @Post('auth/sign-in/passkey/options')
  @Public()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'startPasskeySignIn',
    summary: 'Begin to sign in with a passkey',
    description: 'The answer is a PublicKeyCredentialRequestOptionsJSON for the browser.',
  })
  @ApiResponse({ status: 200, standardSchema: PasskeyOptions })
  startSignIn(): Promise<PasskeyOptions> {
    return this.passkeys.startSignIn();
  }

  @Post('auth/sign-in/passkey')
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'signInWithPasskey',
    summary: 'Sign in with a passkey',
    description: 'Sets a cookie for 30 days. Takes no code of an authenticator app.',
  })
  @ApiProblems('passkey_refused', 'organisation_missing')
  @ApiResponse({ status: 204, description: 'Signed in; the cookie is set' })
  async signIn(
    @Body({ schema: PasskeySignIn }) body: PasskeySignIn,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<void> {
    await this.authentication.replaceCookie(req, res, await this.passkeys.signIn(body, req));
  }

  @Get('me/passkeys')
  @RequirePermission('account:read')
  @ApiOperation({
    operationId: 'listPasskeys',
    summary: 'List your passkeys, newest first',
    description: 'Not for API keys.',
  })
  @ApiProblems('person_required', 'invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: PasskeyPage })
  list(@Ctx() ctx: CallerContext, @Query({ schema: PageQuery }) query: PageQuery): Promise<PasskeyPage> {
    return this.passkeys.list(ctx, query);
  }

  @Put('me/passkeys/options')
  @RequirePermission('account:write')
  @ApiOperation({
    operationId: 'startPasskey',
    summary: 'Begin to make a passkey',
    description: 'The answer is a PublicKeyCredentialCreationOptionsJSON for the browser. Not for API keys.',
  })
  @ApiProblems('person_required', 'password_wrong', 'sign_in_locked', 'sign_in_too_old')
  @ApiResponse({ status: 200, standardSchema: PasskeyOptions })
  startCreation(
    @Ctx() ctx: CallerContext,
    @Body({ schema: StartPasskey }) { current_password: password }: StartPasskey,
    @Req() req: Request,
  ): Promise<PasskeyOptions> {
    return this.passkeys.startCreation(ctx, password, req);
  }

  @Post('me/passkeys')
  @RequirePermission('account:write')
  @ApiOperation({ operationId: 'createPasskey', summary: 'Add a passkey', description: 'Not for API keys.' })
  @ApiProblems('person_required', 'passkey_refused')
  @ApiResponse({ status: 201, standardSchema: Passkey })
  create(@Ctx() ctx: CallerContext, @Body({ schema: CreatePasskey }) body: CreatePasskey): Promise<Passkey> {
    return this.passkeys.create(ctx, body);
  }

  @Patch('me/passkeys/:passkey_id')
  @RequirePermission('account:write')
  @ApiOperation({
    operationId: 'updatePasskey',
    summary: 'Rename a passkey',
    description: 'Not for API keys.',
  })
  @ApiProblems('person_required', 'passkey_not_found')
  @ApiResponse({ status: 200, standardSchema: Passkey })
  update(
    @Ctx() ctx: CallerContext,
    @Param('passkey_id', id) passkeyId: string,
    @Body({ schema: UpdatePasskey }) { name }: UpdatePasskey,
  ): Promise<Passkey> {
    return this.passkeys.rename(ctx, passkeyId, name);
  }

  @Delete('me/passkeys/:passkey_id')
  @RequirePermission('account:write')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'removePasskey',
    summary: 'Remove a passkey',
    description: 'Not for API keys.',
  })
  @ApiProblems('person_required', 'passkey_not_found')
  @ApiResponse({ status: 204, description: 'Nobody can sign in with it any more' })
  remove(@Ctx() ctx: CallerContext, @Param('passkey_id', id) passkeyId: string): Promise<void> {
    return this.passkeys.remove(ctx, passkeyId);
  }
}
