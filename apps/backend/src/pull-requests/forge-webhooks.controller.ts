import { Body, Controller, HttpCode, Param, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ForgeReport, ForgeWebhook } from '@saas-codex/contracts/pull-requests';
import { Id } from '@saas-codex/contracts/ids';
import type { Request } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { ShownOnce } from '../api/shown-once.decorator.js';
import { Public, RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { ForgeWebhooksService } from './forge-webhooks.service.js';

const id = { schema: Id };

@ApiTags('forges')
@Controller('api')
export class ForgeWebhooksController {
  constructor(private readonly webhooks: ForgeWebhooksService) {}

  @Post('forges/:forge_id/webhook')
  @ShownOnce('secret')
  @RequirePermission('credentials:own')
  @ApiOperation({
    operationId: 'createForgeWebhook',
    summary: 'Make the address and secret of a webhook',
    description:
      'Give both to the forge, with the content type `application/json` and the events of pull requests, reviews, comments, pushes, checks and statuses; at GitLab as the secret token, with the events of merge requests, comments, pushes, jobs and pipelines. Pull requests are then read as soon as something happens, else every few minutes. An earlier secret no longer counts. For a forge of the organisation it takes the permission `credentials:manage`.',
  })
  @ApiProblems('forge_not_found')
  @ApiResponse({ status: 201, standardSchema: ForgeWebhook })
  create(@Ctx() ctx: RequestContext, @Param('forge_id', id) forgeId: string): Promise<ForgeWebhook> {
    return this.webhooks.create(ctx, forgeId);
  }

  @Post('webhooks/:forge_id')
  @HttpCode(204)
  @Public()
  @ApiOperation({
    operationId: 'receiveForgeWebhook',
    summary: 'Take a report of a forge',
    description:
      'For forges, which sign it with the secret of their webhook, or, as GitLab does, send that secret. It says only where to look: what is so is read from the forge. The answer does not say whether anything was found.',
  })
  @ApiProblems('unauthenticated')
  @ApiHeader({
    name: 'x-hub-signature-256',
    required: false,
    description: 'Of GitHub, Gitea and Forgejo: `sha256=` and the HMAC of the body',
  })
  @ApiHeader({ name: 'x-hub-signature', required: false, description: 'The same, from Bitbucket' })
  @ApiHeader({ name: 'x-gitlab-token', required: false, description: 'Of GitLab: the secret' })
  @ApiResponse({ status: 204 })
  async receive(
    @Req() req: RawBodyRequest<Request>,
    @Param('forge_id', id) forgeId: string,
    @Body({ schema: ForgeReport }) body: ForgeReport,
  ): Promise<void> {
    const { headers, rawBody: bytes = Buffer.alloc(0) } = req;
    await this.webhooks.receive(forgeId, { headers, bytes }, body);
  }
}
