import { Body, Controller, Delete, Get, HttpCode, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  AUDIT_WEBHOOK_BATCH,
  AuditWebhookSetting,
  AuditWebhookTest,
  SavedAuditWebhook,
  SetAuditWebhook,
} from '@saas-codex/contracts/audit-webhook';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { AuditWebhookDeliverer } from './audit-webhook-deliverer.js';
import { AuditWebhookStore } from './audit-webhook-store.js';
import { WebhookSender } from './webhook-sender.js';

@ApiTags('audit')
@Controller('api/audit/webhook')
export class AuditWebhookController {
  constructor(
    private readonly webhooks: AuditWebhookStore,
    private readonly deliverer: AuditWebhookDeliverer,
    private readonly sender: WebhookSender,
  ) {}

  @Get()
  @RequirePermission('audit:read')
  @ApiOperation({
    operationId: 'readAuditWebhook',
    summary: 'Read where the audit log is sent, and how that goes',
  })
  @ApiResponse({ status: 200, standardSchema: AuditWebhookSetting })
  async read(@Ctx() ctx: RequestContext): Promise<AuditWebhookSetting> {
    return { webhook: await this.webhooks.read(ctx) };
  }

  @Put()
  @RequirePermission('audit:manage')
  @ApiOperation({
    operationId: 'setAuditWebhook',
    summary: 'Send new entries of the audit log to an address',
    description: `As POST with JSON, up to ${AUDIT_WEBHOOK_BATCH} entries at once, in the order in which they were committed, signed as Standard Webhooks has it. At least once: \`webhook-id\` and \`entry_id\` tell what came twice. Only what is added from now on is sent. A secret that is made here is in this answer only.`,
  })
  @ApiProblems('webhook_url_refused', 'too_many_secrets')
  @ApiResponse({ status: 200, standardSchema: SavedAuditWebhook })
  set(
    @Ctx() ctx: RequestContext,
    @Body({ schema: SetAuditWebhook }) body: SetAuditWebhook,
  ): Promise<SavedAuditWebhook> {
    this.sender.requireAllowed(body.url);
    return this.webhooks.set(ctx, body);
  }

  @Delete()
  @HttpCode(204)
  @RequirePermission('audit:manage')
  @ApiOperation({
    operationId: 'removeAuditWebhook',
    summary: 'Send the audit log nowhere any more',
    description: 'Entries that wait for their delivery are not delivered. The audit log keeps them.',
  })
  @ApiProblems('webhook_not_found')
  @ApiResponse({ status: 204, description: 'The webhook is gone' })
  remove(@Ctx() ctx: RequestContext): Promise<void> {
    return this.webhooks.remove(ctx);
  }

  @Post('test')
  @HttpCode(200)
  @RequirePermission('audit:manage')
  @ApiOperation({
    operationId: 'testAuditWebhook',
    summary: 'Send a test to the webhook',
    description:
      'A message of the type `audit.test`, without entries. The answer comes when the receiver has answered. When the test arrives, entries that wait after a failure follow at once.',
  })
  @ApiProblems('webhook_not_found')
  @ApiResponse({ status: 200, standardSchema: AuditWebhookTest })
  test(@Ctx() ctx: RequestContext): Promise<AuditWebhookTest> {
    return this.deliverer.test(ctx);
  }
}
