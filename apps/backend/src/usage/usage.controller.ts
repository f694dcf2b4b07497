import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type TenantUsage, UsageQuery } from '@saas-codex/contracts/usage';
import type { Request, Response } from 'express';
import { RequirePermission } from '../identity/permissions.js';
import { type CallerContext, Ctx } from '../identity/request-context.js';
import { SpentReports, toCsv } from './spent-report.js';
import { UsageService } from './usage.service.js';

const CSV = 'text/csv';

@ApiTags('system')
@Controller('api/usage')
export class UsageController {
  constructor(
    private readonly usage: UsageService,
    private readonly spent: SpentReports,
  ) {}

  @Get()
  @RequirePermission('usage:read')
  @ApiOperation({
    operationId: 'readUsage',
    summary: 'Read what the organisation uses: disk, sessions, runs, tokens and money',
    description:
      'Disk usage is measured every few minutes. Deleted sessions stop counting at once, but what their model calls used stays. With `Accept: text/csv` the model calls alone, a line per day, person, repository and model.',
  })
  @ApiResponse({
    status: 200,
    description: 'What is used',
    content: {
      'application/json': { schema: { $ref: '#/components/schemas/TenantUsage' } },
      [CSV]: { schema: { type: 'string' } },
    },
  })
  async read(
    @Ctx() ctx: CallerContext,
    @Query({ schema: UsageQuery }) query: UsageQuery,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<TenantUsage | string> {
    res.vary('accept');
    if (req.accepts(['application/json', CSV]) === CSV) {
      res.type(CSV).attachment('usage.csv');
      return toCsv(await this.spent.rows(ctx, query));
    }
    const [usage, spent] = await Promise.all([this.usage.read(ctx), this.spent.read(ctx, query)]);
    return { ...usage, spent };
  }
}
