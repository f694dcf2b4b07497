import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { RequirePermission } from '../../identity/permissions.js';
import { asyncApiDocument } from './asyncapi-document.js';

/** The AsyncAPI document, which describes the event streams. */
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
