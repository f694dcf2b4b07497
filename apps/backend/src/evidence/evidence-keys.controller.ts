import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { EvidenceKeys as EvidenceKeyList } from '@saas-codex/contracts/evidence';
import { Public } from '../identity/permissions.js';
import { EvidenceKeys } from './evidence-keys.js';

@ApiTags('checks')
@Controller('api/evidence-keys')
export class EvidenceKeysController {
  constructor(private readonly keys: EvidenceKeys) {}

  @Get()
  @Public()
  @ApiOperation({
    operationId: 'listEvidenceKeys',
    summary: 'List the public keys that verify evidence, newest first',
  })
  @ApiResponse({ status: 200, standardSchema: EvidenceKeyList })
  list(): Promise<EvidenceKeyList> {
    return this.keys.list();
  }
}
