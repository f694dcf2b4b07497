import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { RequirePermission } from '../../identity/permissions.js';
import { asyncApiDocument } from './asyncapi-document.js';

/** The event streams' description, for programs; like everything else, for those who are signed in. */
@ApiExcludeController()
@Controller('api')
export class AsyncApiController {
  private readonly document = asyncApiDocument();

  @Get('asyncapi.json')
  @RequirePermission('api_docs:read')
  read(): object {
    return this.document;
  }
}
