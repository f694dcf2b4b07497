import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../../identity/permissions.js';
import { asyncApiDocument } from './asyncapi-document.js';

/** The AsyncAPI document, which describes the event streams. */
@ApiExcludeController()
@Controller('api')
export class AsyncApiController {
  private readonly document = asyncApiDocument();

  @Get('asyncapi.json')
  @Public()
  read(): object {
    return this.document;
  }
}
