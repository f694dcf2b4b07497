import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Health, Readiness } from '@saas-codex/contracts/system';
import { healthController, readinessController } from '@saas-codex/service-kit/health/health.controllers';
import type { Response } from 'express';
import { Public } from '../identity/permissions.js';

@ApiTags('system')
@Controller('health')
export class BackendHealthController extends healthController('backend') {
  @Get()
  @Public()
  @ApiOperation({ operationId: 'readHealth', summary: 'Check that the process is alive' })
  @ApiResponse({ status: 200, standardSchema: Health })
  override read(): Health {
    return super.read();
  }
}

@ApiTags('system')
@Controller('ready')
export class BackendReadinessController extends readinessController('backend') {
  @Get()
  @Public()
  @ApiOperation({
    operationId: 'readReadiness',
    summary: 'Check whether the backend can work, and what it lacks',
  })
  @ApiResponse({ status: 200, standardSchema: Readiness })
  @ApiResponse({ status: 503, description: 'Something is missing', standardSchema: Readiness })
  override read(@Res({ passthrough: true }) res: Response): Promise<Readiness> {
    return super.read(res);
  }
}
