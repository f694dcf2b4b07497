import { Body, Controller, Delete, Get, HttpCode, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ModelServer, ModelServerTest, SetModelServer } from '@saas-codex/contracts/models';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { ModelServerTests } from './model-server-tests.js';
import { ModelServerService } from './model-server.service.js';

@ApiTags('models')
@Controller('api/models/server')
export class ModelServerController {
  constructor(
    private readonly server: ModelServerService,
    private readonly tests: ModelServerTests,
  ) {}

  @Get()
  @RequirePermission('models:read')
  @ApiOperation({
    operationId: 'readModelServer',
    summary: 'Read which model server answers the organisation',
    description: 'Without its key, which nobody can read again.',
  })
  @ApiResponse({ status: 200, standardSchema: ModelServer })
  read(@Ctx() ctx: RequestContext): Promise<ModelServer> {
    return this.server.read(ctx);
  }

  @Put()
  @RequirePermission('models:manage')
  @ApiOperation({
    operationId: 'setModelServer',
    summary: 'Use a model server of your own',
    description:
      'Takes effect with the next prompt that a runner takes. The key is encrypted, cannot be read again, and is sent to this server only. Leave it out to keep the saved one, while scheme, host and port of the address stay the same.',
  })
  @ApiProblems('model_server_forbidden', 'model_server_unknown', 'model_key_required', 'too_many_secrets')
  @ApiResponse({ status: 200, standardSchema: ModelServer })
  set(
    @Ctx() ctx: RequestContext,
    @Body({ schema: SetModelServer }) body: SetModelServer,
  ): Promise<ModelServer> {
    return this.server.set(ctx, body);
  }

  @Delete()
  @HttpCode(204)
  @RequirePermission('models:manage')
  @ApiOperation({
    operationId: 'removeModelServer',
    summary: "Use the operator's model server again",
    description: 'Deletes the address and the key. Runs that a runner has already keep them until they end.',
  })
  @ApiProblems('model_server_not_found')
  @ApiResponse({ status: 204, description: 'The operator’s model server answers from now on' })
  remove(@Ctx() ctx: RequestContext): Promise<void> {
    return this.server.remove(ctx);
  }

  @Post('test')
  @HttpCode(200)
  @RequirePermission('models:manage')
  @ApiOperation({
    operationId: 'testModelServer',
    summary: "Try the organisation's model server",
    description:
      'Asks it for its models, and sends a request that it refuses, so that nothing is to be paid. Says what works and what to do about the rest; a server that fails is a 200 with `works: false`. At most 10 tests in 5 minutes.',
  })
  @ApiProblems('model_server_not_found')
  @ApiResponse({ status: 200, standardSchema: ModelServerTest })
  test(@Ctx() ctx: RequestContext): Promise<ModelServerTest> {
    return this.tests.run(ctx);
  }
}
