import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Health } from '@saas-codex/contracts/system';
import { healthController } from '@saas-codex/service-kit/health.controller';
import { Public } from '../identity/public.decorator.js';

@ApiTags('system')
@Public()
@Controller('health')
export class BackendHealthController extends healthController('backend') {
  @Get()
  @ApiOperation({ operationId: 'readHealth', summary: 'Tell that the process is alive' })
  @ApiResponse({ status: 200, standardSchema: Health })
  override read(): Health {
    return super.read();
  }
}
