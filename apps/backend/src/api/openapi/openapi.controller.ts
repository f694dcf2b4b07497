import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import { Public } from '../../identity/permissions.js';
import { DOCS_PAGE, DOCS_POLICY, START_SCRIPT, UI_FILES, UI_FOLDER } from './docs-page.js';
import { OpenApiDocument } from './openapi-document.js';

/** The OpenAPI document, and a page that shows it. Public, so that generators of clients can read it. */
@ApiExcludeController()
@Controller('api')
export class OpenApiController {
  constructor(private readonly document: OpenApiDocument) {}

  @Get('openapi.json')
  @Public()
  read(): OpenAPIObject {
    return this.document.value;
  }

  @Get('docs')
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', DOCS_POLICY)
  page(): string {
    return DOCS_PAGE;
  }

  @Get('docs/start.js')
  @Public()
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): string {
    return START_SCRIPT;
  }

  @Get('docs/:file')
  @Public()
  file(@Param('file', { schema: z.enum(UI_FILES) }) file: string, @Res() res: Response): void {
    res.sendFile(file, { root: UI_FOLDER });
  }
}
