import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Readiness } from '@saas-codex/contracts/system';
import { readinessController } from '@saas-codex/service-kit/readiness/readiness.controller';
import type { Response } from 'express';
import { Public } from '../identity/public.decorator.js';

@ApiTags('system')
@Public()
@Controller('ready')
export class BackendReadinessController extends readinessController('backend') {
  @Get()
  @ApiOperation({
    operationId: 'readReadiness',
    summary: 'Tell whether it can work, and what it needs for that',
  })
  @ApiResponse({ status: 200, standardSchema: Readiness })
  @ApiResponse({ status: 503, description: 'Something is missing', standardSchema: Readiness })
  override read(@Res({ passthrough: true }) res: Response): Promise<Readiness> {
    return super.read(res);
  }
}
