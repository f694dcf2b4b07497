import { Module } from '@nestjs/common';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { SecretsModule } from '../secrets/secrets.module.js';
import { AuditWebhookDeliverer } from './audit-webhook-deliverer.js';
import { AuditWebhookStore } from './audit-webhook-store.js';
import { AuditWebhookController } from './audit-webhook.controller.js';
import { WebhookSender } from './webhook-sender.js';

@Module({
  imports: [SecretsModule],
  controllers: [AuditWebhookController],
  providers: [AuditWebhookDeliverer, AuditWebhookStore, HostResolver, WebhookSender],
})
export class WebhooksModule {}
