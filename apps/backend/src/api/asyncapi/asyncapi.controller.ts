import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { asyncApiDocument } from './asyncapi-document.js';

/** The event streams' description, for programs; like everything else, for those who are signed in. */
@ApiExcludeController()
@Controller('api')
export class AsyncApiController {
  private readonly document = asyncApiDocument();

  @Get('asyncapi.json')
  read(): object {
    return this.document;
  }
}
