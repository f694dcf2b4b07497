import {
  applyDecorators,
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Put,
  Query,
  UseFilters,
} from '@nestjs/common';
import { ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AccountId } from '@saas-codex/contracts/ids';
import {
  CreateScimUser,
  PatchScimUser,
  ReplaceScimUser,
  SCIM_MEDIA_TYPE,
  type ScimConfiguration,
  ScimListQuery,
  type ScimResourceTypes,
  type ScimSchemaList,
  type ScimUser,
  type ScimUserList,
} from '@saas-codex/contracts/scim';
import { ApiProblems } from '../../api/problems.decorator.js';
import { CONFIG, type Config } from '../../config.js';
import { RequirePermission } from '../../identity/permissions.js';
import { type CallerContext, Ctx } from '../../identity/request-context.js';
import { scimConfiguration, scimResourceTypes, scimSchemas } from '@saas-codex/contracts/scim-discovery';
import { ScimErrorFilter } from './scim-failure.js';
import { readActive, readPatch } from './scim-requests.js';
import { ScimUsersService } from './scim-users.service.js';

const id = { schema: AccountId };

/** The answer's type is SCIM's. */
const ScimAnswer = (schema: string, status = 200) =>
  applyDecorators(
    Header('content-type', `${SCIM_MEDIA_TYPE}; charset=utf-8`),
    ApiResponse({
      status,
      description: '',
      content: { [SCIM_MEDIA_TYPE]: { schema: { $ref: `#/components/schemas/${schema}` } } },
    }),
  );
const ScimBody = () => ApiConsumes(SCIM_MEDIA_TYPE, 'application/json');

/** SCIM 2.0, by which the tenant's directory says who has joined and who has left. Its errors are SCIM's, too. */
@ApiTags('scim')
@Controller('api/scim/v2')
@UseFilters(ScimErrorFilter)
export class ScimController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly users: ScimUsersService,
  ) {}

  @Get('ServiceProviderConfig')
  @RequirePermission('scim:manage')
  @ApiOperation({ operationId: 'readScimConfiguration', summary: 'Read what a directory can do here' })
  @ScimAnswer('ScimConfiguration')
  configuration(): ScimConfiguration {
    return scimConfiguration(this.config.PUBLIC_URL);
  }

  @Get('ResourceTypes')
  @RequirePermission('scim:manage')
  @ApiOperation({ operationId: 'listScimResourceTypes', summary: 'List what a directory finds here' })
  @ScimAnswer('ScimResourceTypes')
  resourceTypes(): ScimResourceTypes {
    return scimResourceTypes(this.config.PUBLIC_URL);
  }

  @Get('Schemas')
  @RequirePermission('scim:manage')
  @ApiOperation({
    operationId: 'listScimSchemas',
    summary: "List the attributes that people have in SCIM's words",
  })
  @ScimAnswer('ScimSchemaList')
  schemas(): ScimSchemaList {
    return scimSchemas(this.config.PUBLIC_URL);
  }

  @Get('Users')
  @RequirePermission('scim:manage')
  @ApiOperation({
    operationId: 'listScimUsers',
    summary: 'List the people of the tenant, as its directory sees them',
    description: 'Members, then people whom the directory expects or has removed.',
  })
  @ScimAnswer('ScimUserList')
  list(
    @Ctx() ctx: CallerContext,
    @Query({ schema: ScimListQuery }) query: ScimListQuery,
  ): Promise<ScimUserList> {
    return this.users.list(ctx, query);
  }

  @Post('Users')
  @RequirePermission('scim:manage')
  @ScimBody()
  @ApiOperation({
    operationId: 'createScimUser',
    summary: 'Say that a person is expected',
    description:
      'It makes no account and sends no mail. The person becomes a member by signing in at the company, or by an invitation; from then on, this is them.',
  })
  @ApiProblems('already_member')
  @ScimAnswer('ScimUser', 201)
  create(
    @Ctx() ctx: CallerContext,
    @Body({ schema: CreateScimUser }) body: CreateScimUser,
  ): Promise<ScimUser> {
    return this.users.create(ctx, body);
  }

  @Get('Users/:user_id')
  @RequirePermission('scim:manage')
  @ApiOperation({ operationId: 'readScimUser', summary: 'Read a person, as the directory sees them' })
  @ApiProblems('member_not_found')
  @ScimAnswer('ScimUser')
  read(@Ctx() ctx: CallerContext, @Param('user_id', id) userId: string): Promise<ScimUser> {
    return this.users.read(ctx, userId);
  }

  @Put('Users/:user_id')
  @RequirePermission('scim:manage')
  @ScimBody()
  @ApiOperation({
    operationId: 'replaceScimUser',
    summary: 'Remove a person, or bring them back',
    description:
      'With `active` false they are removed from this tenant: their requests are refused at once, their API keys of this tenant are deleted, and their streams end within 5 s. Their sessions stay. With true they are a member again. Owners are removed by owners only.',
  })
  @ApiProblems('member_not_found', 'last_owner', 'forbidden')
  @ScimAnswer('ScimUser')
  replace(
    @Ctx() ctx: CallerContext,
    @Param('user_id', id) userId: string,
    @Body({ schema: ReplaceScimUser }) { active, externalId }: ReplaceScimUser,
  ): Promise<ScimUser> {
    return this.users.change(ctx, userId, {
      externalId: externalId ?? null,
      ...(active !== undefined && { active: readActive(active) }),
    });
  }

  @Patch('Users/:user_id')
  @RequirePermission('scim:manage')
  @ScimBody()
  @ApiOperation({
    operationId: 'updateScimUser',
    summary: 'Remove a person or bring them back, by a patch',
    description: 'As PUT does. Operations on other attributes than `active` and `externalId` are ignored.',
  })
  @ApiProblems('member_not_found', 'last_owner', 'forbidden')
  @ScimAnswer('ScimUser')
  update(
    @Ctx() ctx: CallerContext,
    @Param('user_id', id) userId: string,
    @Body({ schema: PatchScimUser }) body: PatchScimUser,
  ): Promise<ScimUser> {
    return this.users.change(ctx, userId, readPatch(body));
  }

  @Delete('Users/:user_id')
  @HttpCode(204)
  @RequirePermission('scim:manage')
  @ApiOperation({
    operationId: 'deleteScimUser',
    summary: 'Remove a person, and forget what the directory said of them',
    description: 'The account stays, and so do memberships of other tenants.',
  })
  @ApiProblems('member_not_found', 'last_owner', 'forbidden')
  @ApiResponse({ status: 204, description: 'The person no longer belongs to the tenant' })
  remove(@Ctx() ctx: CallerContext, @Param('user_id', id) userId: string): Promise<void> {
    return this.users.remove(ctx, userId);
  }
}
