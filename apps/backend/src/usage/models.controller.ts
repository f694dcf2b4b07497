import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Models, UpdateModels } from '@saas-codex/contracts/models';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { ModelsService } from './models.service.js';

@ApiTags('models')
@Controller('api/models')
export class ModelsController {
  constructor(private readonly models: ModelsService) {}

  @Get()
  @RequirePermission('models:read')
  @ApiOperation({
    operationId: 'listModels',
    summary: 'List the models that the organisation may use, and their prices',
    description:
      'Prices are in micro-dollars per million tokens. They come from a list that is part of this version, until an admin sets others. They are what money is counted with; the bill is the provider’s.',
  })
  @ApiResponse({ status: 200, standardSchema: Models })
  list(@Ctx() ctx: RequestContext): Promise<Models> {
    return this.models.list(ctx);
  }

  @Patch()
  @RequirePermission('models:manage')
  @ApiOperation({
    operationId: 'updateModels',
    summary: 'Allow models, and set their prices',
    description: 'Takes effect with the next model call. What was spent keeps the price of its time.',
  })
  @ApiResponse({ status: 200, standardSchema: Models })
  update(@Ctx() ctx: RequestContext, @Body({ schema: UpdateModels }) change: UpdateModels): Promise<Models> {
    return this.models.update(ctx, change);
  }
}
