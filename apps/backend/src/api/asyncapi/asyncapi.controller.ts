import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../../identity/permissions.js';
import { asyncApiDocument } from './asyncapi-document.js';

/** The AsyncAPI document, which describes the event streams. */
@ApiExcludeController()
@Controller('api')
export class AsyncApiController {
  /** Built by the first reader. */
  private document: object | undefined;

  @Get('asyncapi.json')
  @Public()
  read(): object {
    return (this.document ??= asyncApiDocument());
  }
}
