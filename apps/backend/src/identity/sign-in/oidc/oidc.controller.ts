import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { CookieOptions, Request, Response } from 'express';
import { CONFIG, type Config } from '../../../config.js';
import { Authentication } from '../../authentication.js';
import { cookiePrefix } from '../../better-auth.js';
import { Public } from '../../permissions.js';
import { OidcFailure } from './oidc-failure.js';
import { OIDC_STATE_MS, OidcSignIns } from './oidc-sign-ins.js';

/** A person's browser comes here by links and redirects, so failures are redirects, too: to `/sign-in?error=…`. */
@ApiTags('identity')
@Controller('api/auth/oidc')
export class OidcController {
  private readonly cookie: { name: string; options: CookieOptions };

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly authentication: Authentication,
    private readonly signIns: OidcSignIns,
  ) {
    const secure = config.PUBLIC_URL.startsWith('https:');
    this.cookie = {
      name: `${secure ? '__Host-' : ''}${cookiePrefix(config.PUBLIC_URL)}.oidc-state`,
      // Lax: the provider's redirect comes from another site.
      options: { httpOnly: true, secure, sameSite: 'lax', path: '/' },
    };
  }

  @Get('start')
  @Public()
  @ApiOperation({
    operationId: 'startOidcSignIn',
    summary: 'Begin to sign in by OpenID Connect',
    description: 'For browsers. Whoever begins has 10 minutes, and must come back in the same browser.',
  })
  @ApiResponse({ status: 302, description: 'To the provider, or to `/sign-in?error=…`' })
  start(@Res() res: Response): Promise<void> {
    return this.redirect(res, async () => {
      const { state, page } = await this.signIns.start();
      res.cookie(this.cookie.name, state, { ...this.cookie.options, maxAge: OIDC_STATE_MS });
      return page.href;
    });
  }

  @Get('callback')
  @Public()
  @ApiOperation({
    operationId: 'finishOidcSignIn',
    summary: 'Come back from the provider of OpenID Connect',
    description: 'Sets a cookie for 30 days.',
  })
  @ApiResponse({ status: 302, description: 'Into the app with the cookie, or to `/sign-in?error=…`' })
  callback(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.redirect(res, async () => {
      res.clearCookie(this.cookie.name, this.cookie.options);
      const query = new URL(req.originalUrl, this.config.PUBLIC_URL).search;
      const headers = await this.signIns.finish(query, cookieOf(req, this.cookie.name), req);
      await this.authentication.replaceCookie(req, res, headers);
      return `${this.config.PUBLIC_URL}/`;
    });
  }

  /** Only ever to the provider or to PUBLIC_URL: nothing of the request says where to. */
  private async redirect(res: Response, target: () => Promise<string>): Promise<void> {
    res.setHeader('cache-control', 'no-store');
    try {
      res.redirect(302, await target());
    } catch (error) {
      if (!(error instanceof OidcFailure)) throw error;
      res.redirect(302, `${this.config.PUBLIC_URL}/sign-in?error=${error.code}`);
    }
  }
}

function cookieOf({ headers }: Request, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
