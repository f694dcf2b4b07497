import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { CONFIG, type Config } from '../../../config.js';
import { Authentication } from '../../authentication.js';
import { Public } from '../../permissions.js';
import { OidcProvider } from './oidc-provider.js';
import { ProviderRedirects } from './provider-redirects.js';
import { ProviderSignIns } from './provider-sign-ins.js';

@ApiTags('identity')
@Controller('api/auth/oidc')
export class OidcController extends ProviderRedirects {
  constructor(
    @Inject(CONFIG) config: Config,
    authentication: Authentication,
    signIns: ProviderSignIns,
    provider: OidcProvider,
  ) {
    super(config, authentication, signIns, provider);
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
    return this.toProvider(res);
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
    return this.fromProvider(req, res);
  }
}
