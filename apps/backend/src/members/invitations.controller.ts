import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import {
  AcceptInvitation,
  CreatedInvitation,
  CreateInvitation,
  InvitationPage,
  InvitationPreview,
  LookUpInvitation,
} from '@saas-codex/contracts/members';
import { PageQuery } from '@saas-codex/contracts/pagination';
import type { Request, Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { ShownOnce } from '../api/shown-once.decorator.js';
import { Public, RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx } from '../identity/request-context.js';
import { InvitationsService } from './invitations.service.js';

const id = { schema: Id };

@ApiTags('tenants')
@Controller('api/invitations')
export class InvitationsController {
  constructor(private readonly invitations: InvitationsService) {}

  @Get()
  @RequirePermission('members:manage')
  @ApiOperation({
    operationId: 'listInvitations',
    summary: 'List the invitations that can still be accepted, newest first',
  })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: InvitationPage })
  list(@Ctx() ctx: CallerContext, @Query({ schema: PageQuery }) query: PageQuery): Promise<InvitationPage> {
    return this.invitations.list(ctx, query);
  }

  @Post()
  @RequirePermission('members:manage')
  @ShownOnce('link')
  @ApiOperation({
    operationId: 'createInvitation',
    summary: 'Invite a person by a link',
    description:
      'The link works once. It stops working when the one who invites leaves the tenant or may no longer invite. Only an owner can invite owners.',
  })
  @ApiProblems('forbidden', 'person_required')
  @ApiResponse({ status: 201, standardSchema: CreatedInvitation })
  create(
    @Ctx() ctx: CallerContext,
    @Body({ schema: CreateInvitation }) body: CreateInvitation,
  ): Promise<CreatedInvitation> {
    return this.invitations.create(ctx, body);
  }

  @Delete(':invitation_id')
  @HttpCode(204)
  @RequirePermission('members:manage')
  @ApiOperation({ operationId: 'revokeInvitation', summary: 'Revoke an invitation' })
  @ApiProblems('invitation_not_found')
  @ApiResponse({ status: 204, description: 'Its link no longer works' })
  revoke(@Ctx() ctx: CallerContext, @Param('invitation_id', id) invitationId: string): Promise<void> {
    return this.invitations.revoke(ctx, invitationId);
  }

  @Post('look-up')
  @Public()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'lookUpInvitation',
    summary: "Read what an invitation's link leads to",
    description: 'Changes nothing. It is a POST so that the secret of the link is in no address.',
  })
  @ApiProblems('link_invalid')
  @ApiResponse({ status: 200, standardSchema: InvitationPreview })
  lookUp(
    @Req() req: Request,
    @Body({ schema: LookUpInvitation }) { token }: LookUpInvitation,
  ): Promise<InvitationPreview> {
    return this.invitations.lookUp(req, token);
  }

  @Post('accept')
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'acceptInvitation',
    summary: 'Accept an invitation',
    description:
      'Joins the tenant as the person who is signed in at this browser, or as a new person (`new_account`), who is signed in then.',
  })
  @ApiProblems('link_invalid', 'unauthenticated', 'already_member', 'address_taken')
  @ApiResponse({ status: 204, description: 'Joined; the cookie has the tenant chosen' })
  async accept(
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
    @Body({ schema: AcceptInvitation }) body: AcceptInvitation,
  ): Promise<void> {
    await this.invitations.accept(req, res, body);
  }
}
