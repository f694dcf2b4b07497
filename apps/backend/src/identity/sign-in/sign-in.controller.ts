import { Body, Controller, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { SignIn } from '@saas-codex/contracts/identity';
import {
  CompletePasswordReset,
  CompleteSignUp,
  MailedLink,
  PasswordSignIn,
  SignInOptions,
} from '@saas-codex/contracts/sign-in';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { isAPIError } from 'better-auth/api';
import type { Request, Response } from 'express';
import { ApiProblems } from '../../api/problems.decorator.js';
import { CONFIG, type Config } from '../../config.js';
import { Authentication, clientHeaders, passCookies, webHeaders } from '../authentication.js';
import { AUTH, type Auth } from '../better-auth.js';
import { Public, RequirePermission } from '../permissions.js';
import { noteForAudit, requestOrigin } from '../request-origin.js';
import { MailedLinks } from './mailed-links.js';
import { Mailer } from './mailer.js';
import { PasswordSignIns } from './password-sign-ins.js';
import { Passwords } from './passwords.js';
import { GithubProvider } from './providers/github-provider.js';
import { OidcProvider } from './providers/oidc-provider.js';

const SIGNED_IN = { status: 204, description: 'Signed in; the cookie is set' };
const MAILED = {
  status: 204,
  description:
    'If the address can have such a link, a mail is on its way. The answer is the same for every address',
};

@ApiTags('identity')
@Controller('api/auth')
export class SignInController {
  constructor(
    @Inject(AUTH) private readonly auth: Auth,
    @Inject(CONFIG) private readonly config: Config,
    private readonly authentication: Authentication,
    private readonly passwordSignIns: PasswordSignIns,
    private readonly passwords: Passwords,
    private readonly mailedLinks: MailedLinks,
    private readonly mailer: Mailer,
    private readonly oidc: OidcProvider,
    private readonly github: GithubProvider,
  ) {}

  @Get('options')
  @Public()
  @ApiOperation({ operationId: 'readSignInOptions', summary: 'Read how people can sign in here' })
  @ApiResponse({ status: 200, standardSchema: SignInOptions })
  async options(@Req() req: Request, @Res({ passthrough: true }) res: Response): Promise<SignInOptions> {
    const [oidc, github] = [this.oidc.name, this.github.name];
    res.setHeader('cache-control', 'private, no-cache');
    return {
      sign_up: this.config.SIGN_UP,
      mail: this.mailer.available,
      ...(oidc !== null && { oidc: { name: oidc } }),
      ...(github !== null && { github: { name: github } }),
      signed_in_as: (await this.authentication.personOf(req))?.email ?? null,
    };
  }

  @Post('sign-in')
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'signIn',
    summary: 'Sign in with a one-time link',
    description: 'Takes the secret of a sign-in link, which works once, and sets a cookie for 30 days.',
  })
  @ApiProblems('sign_in_link_invalid')
  @ApiResponse(SIGNED_IN)
  async signIn(
    @Body({ schema: SignIn }) body: SignIn,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<void> {
    try {
      const { headers, response } = await this.auth.api.magicLinkVerify({
        query: { token: body.token },
        headers: clientHeaders(req),
        returnHeaders: true,
      });
      noteForAudit({ origin: requestOrigin(req) }, { person: { userId: response.user.id } });
      await this.authentication.replaceCookie(req, res, headers);
    } catch (error) {
      if (!isRefusedLink(error)) throw error;
      throw new ProblemError(
        'sign_in_link_invalid',
        'The link has been used already or is older than 30 minutes. Ask your operator for a new one.',
      );
    }
  }

  @Post('sign-in/password')
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'signInWithPassword',
    summary: 'Sign in with an address and a password',
    description:
      'Sets a cookie for 30 days. After 10 wrong passwords, an account is locked for the network that they came from, for at most 15 minutes. If you have a second factor, send its `code`, too.',
  })
  @ApiProblems(
    'credentials_invalid',
    'second_factor_required',
    'second_factor_wrong',
    'organisation_missing',
    'sign_in_locked',
  )
  @ApiResponse(SIGNED_IN)
  async signInWithPassword(
    @Body({ schema: PasswordSignIn }) body: PasswordSignIn,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<void> {
    await this.authentication.replaceCookie(req, res, await this.passwordSignIns.signIn(body, req));
  }

  @Post('sign-up')
  @Public()
  @HttpCode(204)
  @ApiOperation({ operationId: 'signUp', summary: 'Ask for a link that creates an account' })
  @ApiProblems('sign_up_closed')
  @ApiResponse(MAILED)
  signUp(@Body({ schema: MailedLink }) { email }: MailedLink): Promise<void> {
    return this.mailedLinks.signUp(email);
  }

  @Post('sign-up/complete')
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'completeSignUp',
    summary: 'Create an account with a mailed link, and sign in',
    description: 'The account gets an organisation of its own.',
  })
  @ApiProblems('sign_up_closed', 'link_invalid')
  @ApiResponse(SIGNED_IN)
  async completeSignUp(
    @Body({ schema: CompleteSignUp }) body: CompleteSignUp,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<void> {
    await this.authentication.replaceCookie(req, res, await this.passwordSignIns.completeSignUp(body, req));
  }

  @Post('password-reset')
  @Public()
  @HttpCode(204)
  @ApiOperation({ operationId: 'requestPasswordReset', summary: 'Ask for a link that resets a password' })
  @ApiProblems('mail_missing')
  @ApiResponse(MAILED)
  requestPasswordReset(@Body({ schema: MailedLink }) { email }: MailedLink): Promise<void> {
    return this.mailedLinks.resetPassword(email);
  }

  @Post('password-reset/complete')
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'completePasswordReset',
    summary: 'Choose a new password with a link',
    description: 'Signs the person out everywhere. Their API keys stay, unless `revoke_api_keys` is true.',
  })
  @ApiProblems('link_invalid')
  @ApiResponse({ status: 204, description: 'The password is set' })
  completePasswordReset(
    @Body({ schema: CompletePasswordReset }) body: CompletePasswordReset,
    @Req() req: Request,
  ): Promise<void> {
    return this.passwords.completeReset(body, requestOrigin(req));
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
