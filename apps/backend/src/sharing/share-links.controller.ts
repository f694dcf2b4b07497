import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import {
  CreatedShareLink,
  CreateShareLink,
  OpenedShareLink,
  OpenShareLink,
  ShareLinkPage,
} from '@saas-codex/contracts/sharing';
import type { Request, Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { ShownOnce } from '../api/shown-once.decorator.js';
import { CountedEntries } from '../audit/counted-entries.js';
import { Public, RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { requestOrigin } from '../identity/request-origin.js';
import { ShareLinkReaders } from '../identity/share-link-readers.js';
import { hideShared } from '../identity/share-path.js';
import { ShareLinksService } from './share-links.service.js';

const id = { schema: Id };

@ApiTags('sharing')
@Controller('api')
export class ShareLinksController {
  constructor(
    private readonly links: ShareLinksService,
    private readonly readers: ShareLinkReaders,
    private readonly audit: CountedEntries,
  ) {}

  @Get('sessions/:session_id/share-links')
  @RequirePermission('sessions:share')
  @ApiOperation({ operationId: 'listShareLinks', summary: "List a session's links that work, newest first" })
  @ApiProblems('session_not_found', 'invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: ShareLinkPage })
  list(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ): Promise<ShareLinkPage> {
    return this.links.list(ctx, sessionId, query);
  }

  @Post('sessions/:session_id/share-links')
  @RequirePermission('sessions:share')
  @ShownOnce('link')
  @ApiOperation({
    operationId: 'createShareLink',
    summary: 'Share a session by a link',
    description:
      'Whoever has the link sees the prompts, what the agent does, and the changes, live and read-only. Setup runs, ignored files, HOME ' +
      'and other sessions are not shown. It works until it is revoked, expires, the session is archived, or the person who made it may no longer share.',
  })
  @ApiProblems('session_not_found', 'session_archived', 'share_links_exhausted')
  @ApiResponse({ status: 201, standardSchema: CreatedShareLink })
  create(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Body({ schema: CreateShareLink }) body: CreateShareLink,
  ): Promise<CreatedShareLink> {
    return this.links.create(ctx, sessionId, body);
  }

  @Delete('sessions/:session_id/share-links/:share_link_id')
  @HttpCode(204)
  @RequirePermission('sessions:share')
  @ApiOperation({
    operationId: 'revokeShareLink',
    summary: 'Revoke a link',
    description: 'Its readers are cut off within 5 s.',
  })
  @ApiProblems('session_not_found', 'share_link_not_found')
  @ApiResponse({ status: 204, description: 'The link no longer works' })
  revoke(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Param('share_link_id', id) shareLinkId: string,
  ): Promise<void> {
    return this.links.revoke(ctx, sessionId, shareLinkId);
  }

  @Post('share-links/open')
  @Public()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'openShareLink',
    summary: 'Open a link to a session',
    description:
      'Sets a cookie for an hour. With it, `/api/shared/{share_link_id}/…` answers what `/api/…` answers: the session, its runs, their events, ' +
      'and the diff. It is a POST so that the secret of the link is in no address.',
  })
  @ApiProblems('link_invalid')
  @ApiResponse({ status: 200, standardSchema: OpenedShareLink })
  async open(
    @Body({ schema: OpenShareLink }) { token }: OpenShareLink,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<OpenedShareLink> {
    hideShared(res);
    const link = await this.readers.openLink(token, res);
    this.audit.add({
      tenantId: link.tenantId,
      action: 'share_link.opened',
      actor: { kind: 'visitor', id: null },
      credential: { kind: 'share_link', id: link.id },
      origin: requestOrigin(req),
      target: { kind: 'session', id: link.sessionId },
    });
    return {
      share_link_id: link.id,
      session_id: link.sessionId,
      organisation: link.organisation,
      expires_at: link.expiresAt?.toISOString() ?? null,
    };
  }
}
