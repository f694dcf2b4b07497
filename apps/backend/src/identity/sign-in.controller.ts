import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { SignIn } from '@saas-codex/contracts/identity';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { isAPIError } from 'better-auth/api';
import type { Request, Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { AUTH, type Auth } from './better-auth.js';
import { passCookies, webHeaders } from './authentication.js';
import { Public, RequirePermission } from './permissions.js';

@ApiTags('identity')
@Controller('api/auth')
export class SignInController {
  constructor(@Inject(AUTH) private readonly auth: Auth) {}

  @Post('sign-in')
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'signIn',
    summary: 'Sign in with a one-time link',
    description: 'Takes the secret of a sign-in link, which works once, and sets a cookie for 30 days.',
  })
  @ApiProblems('sign_in_link_invalid')
  @ApiResponse({ status: 204, description: 'Signed in; the cookie is set' })
  async signIn(
    @Body({ schema: SignIn }) body: SignIn,
    @Res({ passthrough: true }) res: Response,
  ): Promise<void> {
    try {
      const { headers } = await this.auth.api.magicLinkVerify({
        query: { token: body.token },
        headers: new Headers(),
        returnHeaders: true,
      });
      passCookies(headers, res);
    } catch (error) {
      if (!isRefusedLink(error)) throw error;
      throw new ProblemError(
        'sign_in_link_invalid',
        'The link has been used already or is older than 30 minutes. Ask your operator for a new one.',
      );
    }
  }

  @Post('sign-out')
  @RequirePermission('account:sign_out')
  @HttpCode(204)
  @ApiOperation({ operationId: 'signOut', summary: 'Sign out', description: "Ends the cookie's session." })
  @ApiResponse({ status: 204, description: 'Signed out; the cookie is gone' })
  async signOut(@Req() req: Request, @Res({ passthrough: true }) res: Response): Promise<void> {
    const { headers } = await this.auth.api.signOut({ headers: webHeaders(req), returnHeaders: true });
    passCookies(headers, res);
  }
}

/** For a link that it refuses, better-auth answers with a redirect to an error page. */
const isRefusedLink = (error: unknown): boolean => isAPIError(error) && error.statusCode === 302;
