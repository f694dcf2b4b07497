import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AccountId } from '@saas-codex/contracts/ids';
import { PageQuery } from '@saas-codex/contracts/pagination';
import {
  CreateTenant,
  DeleteTenantQuery,
  Tenant,
  TENANT_GRACE_DAYS,
  TenantPage,
  UpdateTenant,
} from '@saas-codex/contracts/tenants';
import type { Request, Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { passCookies, webHeaders } from '../identity/authentication.js';
import { AUTH, type Auth } from '../identity/better-auth.js';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx } from '../identity/request-context.js';
import { TenantsService } from './tenants.service.js';

const id = { schema: AccountId };

@ApiTags('tenants')
@Controller('api/tenants')
export class TenantsController {
  constructor(
    @Inject(AUTH) private readonly auth: Auth,
    private readonly tenants: TenantsService,
  ) {}

  @Get()
  @RequirePermission('tenants:read')
  @ApiOperation({
    operationId: 'listTenants',
    summary: 'List the tenants that you belong to, in the order in which you joined',
    description: 'For an API key: its own tenant.',
  })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: TenantPage })
  list(@Ctx() ctx: CallerContext, @Query({ schema: PageQuery }) query: PageQuery): Promise<TenantPage> {
    return this.tenants.list(ctx, query);
  }

  @Post()
  @RequirePermission('tenants:create')
  @ApiOperation({ operationId: 'createTenant', summary: 'Create a tenant, of which you are the owner' })
  @ApiProblems('tenant_limit')
  @ApiResponse({ status: 201, standardSchema: Tenant })
  create(@Ctx() ctx: CallerContext, @Body({ schema: CreateTenant }) { name }: CreateTenant): Promise<Tenant> {
    return this.tenants.create(ctx, name);
  }

  @Post(':tenant_id/choose')
  @HttpCode(204)
  @RequirePermission('tenants:read')
  @ApiOperation({
    operationId: 'chooseTenant',
    summary: 'Switch to a tenant',
    description:
      "From now on, the requests of this browser are for this tenant. A key's requests always are for its own.",
  })
  @ApiProblems('tenant_not_found', 'forbidden')
  @ApiResponse({ status: 204, description: 'The cookie has the tenant chosen' })
  async choose(
    @Ctx() ctx: CallerContext,
    @Param('tenant_id', id) tenantId: string,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<void> {
    await this.tenants.requireChoice(ctx, tenantId);
    const { headers } = await this.auth.api.setActiveOrganization({
      body: { organizationId: tenantId },
      headers: webHeaders(req),
      returnHeaders: true,
    });
    passCookies(headers, res);
  }

  @Patch(':tenant_id')
  @RequirePermission('tenants:update')
  @ApiOperation({ operationId: 'updateTenant', summary: 'Rename the tenant of the request' })
  @ApiProblems('tenant_not_found')
  @ApiResponse({ status: 200, standardSchema: Tenant })
  update(
    @Ctx() ctx: CallerContext,
    @Param('tenant_id', id) tenantId: string,
    @Body({ schema: UpdateTenant }) { name }: UpdateTenant,
  ): Promise<Tenant> {
    return this.tenants.rename(ctx, tenantId, name);
  }

  @Delete(':tenant_id')
  @RequirePermission('tenants:delete')
  @ApiOperation({
    operationId: 'deleteTenant',
    summary: 'Delete the tenant of the request',
    description: `Stops its runs at once. Its data is removed after ${TENANT_GRACE_DAYS} days; until then an owner can restore it.`,
  })
  @ApiProblems('tenant_not_found', 'tenant_name_wrong', 'last_tenant')
  @ApiResponse({ status: 200, standardSchema: Tenant })
  remove(
    @Ctx() ctx: CallerContext,
    @Param('tenant_id', id) tenantId: string,
    @Query({ schema: DeleteTenantQuery }) { name }: DeleteTenantQuery,
  ): Promise<Tenant> {
    return this.tenants.remove(ctx, tenantId, name);
  }

  @Post(':tenant_id/restore')
  @HttpCode(200)
  @RequirePermission('tenants:delete')
  @ApiOperation({
    operationId: 'restoreTenant',
    summary: 'Restore the tenant of the request, which was deleted',
  })
  @ApiProblems('tenant_not_found')
  @ApiResponse({ status: 200, standardSchema: Tenant })
  restore(@Ctx() ctx: CallerContext, @Param('tenant_id', id) tenantId: string): Promise<Tenant> {
    return this.tenants.restore(ctx, tenantId);
  }

  @Post(':tenant_id/leave')
  @HttpCode(204)
  @RequirePermission('account:leave')
  @ApiOperation({
    operationId: 'leaveTenant',
    summary: 'Leave the tenant of the request',
    description:
      'Your API keys of this tenant are deleted. A tenant keeps an owner, so its last one cannot leave.',
  })
  @ApiProblems('tenant_not_found', 'last_owner')
  @ApiResponse({ status: 204, description: 'You no longer belong to the tenant' })
  leave(@Ctx() ctx: CallerContext, @Param('tenant_id', id) tenantId: string): Promise<void> {
    return this.tenants.leave(ctx, tenantId);
  }
}
