import { Readable } from 'node:stream';
import { Controller, Get, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AUDIT_EXPORT_LIMIT, AuditExportQuery, AuditPage, AuditQuery } from '@saas-codex/contracts/audit';
import type { Response } from 'express';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { AUDIT_MEDIA_TYPES, auditLines } from './audit-export.js';
import { AuditStore } from './audit-store.js';

const textOf = (value: string) => ({ schema: { type: 'string' as const }, examples: { newest: { value } } });
const CONTENT = {
  'text/csv': textOf('at,action,outcome,…\r\n2026-11-23T09:00:00.000Z,session.created,done,…\r\n'),
  'application/x-ndjson': textOf(
    '{"at":"2026-11-23T09:00:00.000Z","action":"session.created","outcome":"done",…}\n',
  ),
};

@ApiTags('audit')
@Controller('api/audit')
export class AuditController {
  constructor(private readonly entries: AuditStore) {}

  @Get()
  @RequirePermission('audit:read')
  @ApiOperation({
    operationId: 'listAudit',
    summary: 'List who did what, newest first',
    description: 'Entries are only ever added. They go after AUDIT_RETENTION_DAYS.',
  })
  @ApiProblems('invalid_cursor')
  @ApiResponse({ status: 200, standardSchema: AuditPage })
  list(@Ctx() ctx: RequestContext, @Query({ schema: AuditQuery }) query: AuditQuery): Promise<AuditPage> {
    return this.entries.list(ctx, query);
  }

  @Get('export')
  @RequirePermission('audit:read')
  @ApiOperation({
    operationId: 'exportAudit',
    summary: 'Download the entries of the audit log as CSV or NDJSON',
    description: `Newest first, at most ${AUDIT_EXPORT_LIMIT} entries. A line of NDJSON is an AuditEntry.`,
  })
  @ApiProblems('download_too_large')
  @ApiResponse({
    status: 200,
    description: 'To be saved, with `Content-Disposition: attachment`',
    content: CONTENT,
  })
  async export(
    @Ctx() ctx: RequestContext,
    @Query({ schema: AuditExportQuery }) { format, ...filters }: AuditExportQuery,
    @Res({ passthrough: true }) res: Response,
  ): Promise<StreamableFile> {
    const lines = auditLines(await this.entries.export(ctx, filters), format);
    const type = AUDIT_MEDIA_TYPES[format];
    res.attachment(`audit-log.${format}`);
    // The name alone gives a type, which for NDJSON is a wrong one.
    res.setHeader('content-type', type);
    res.setHeader('x-content-type-options', 'nosniff');
    res.setHeader('cache-control', 'no-store');
    return new StreamableFile(Readable.from(lines), { type });
  }
}
