import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import { RequirePermission } from '../../identity/permissions.js';
import { DOCS_PAGE, DOCS_POLICY, START_SCRIPT, UI_FILES, UI_FOLDER } from './docs-page.js';
import { OpenApiDocument } from './openapi-document.js';

/** The OpenAPI document, and a page that shows it. */
@ApiExcludeController()
@Controller('api')
export class OpenApiController {
  constructor(private readonly document: OpenApiDocument) {}

  @Get('openapi.json')
  @RequirePermission('api_docs:read')
  read(): OpenAPIObject {
    return this.document.value;
  }

  @Get('docs')
  @RequirePermission('api_docs:read')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', DOCS_POLICY)
  page(): string {
    return DOCS_PAGE;
  }

  @Get('docs/start.js')
  @RequirePermission('api_docs:read')
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): string {
    return START_SCRIPT;
  }

  @Get('docs/:file')
  @RequirePermission('api_docs:read')
  file(@Param('file', { schema: z.enum(UI_FILES) }) file: string, @Res() res: Response): void {
    res.sendFile(file, { root: UI_FOLDER });
  }
}
