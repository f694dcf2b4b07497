import { Body, Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ConvertGithubApp, CreateGithubApp, Forge, GithubAppForm } from '@saas-codex/contracts/forges';
import { ApiProblems } from '../api/problems.decorator.js';
import { ReceivedOnce } from '../api/received-once.decorator.js';
import { ShownOnce } from '../api/shown-once.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx } from '../identity/request-context.js';
import { GithubApps } from './github-apps.js';

@ApiTags('forges')
@Controller('api/forges/github-apps')
export class GithubAppsController {
  constructor(private readonly apps: GithubApps) {}

  @Post()
  @RequirePermission('credentials:manage')
  @ShownOnce('state')
  @ApiOperation({
    operationId: 'beginGithubApp',
    summary: 'Begin to make a GitHub App',
    description:
      'The App is the organisation’s own: its key goes to no other installation. A browser posts the form to GitHub, where a person agrees; GitHub sends the browser back with a code, which `convertGithubApp` takes. Nothing is kept until then but the state, for an hour.',
  })
  @ApiProblems('person_required', 'forge_url_refused', 'forge_exists')
  @ApiResponse({ status: 201, standardSchema: GithubAppForm })
  begin(
    @Ctx() ctx: CallerContext,
    @Body({ schema: CreateGithubApp }) body: CreateGithubApp,
  ): Promise<GithubAppForm> {
    return this.apps.begin(ctx, body);
  }

  @Post('conversions')
  @RequirePermission('credentials:manage')
  @ReceivedOnce('code', 'state')
  @ApiOperation({
    operationId: 'convertGithubApp',
    summary: 'Connect the GitHub App that was made',
    description:
      'Exchanges the code for the App’s private key and the secret of its webhook, which are encrypted and cannot be read again. Only who has begun may, once. Then choose the App’s repositories at `github_app.install_url`.',
  })
  @ApiProblems(
    'person_required',
    'link_invalid',
    'forge_exists',
    'forge_refused',
    'forge_unavailable',
    'forge_rate_limited',
    'too_many_secrets',
  )
  @ApiResponse({ status: 201, standardSchema: Forge })
  convert(
    @Ctx() ctx: CallerContext,
    @Body({ schema: ConvertGithubApp }) body: ConvertGithubApp,
  ): Promise<Forge> {
    return this.apps.convert(ctx, body);
  }
}
