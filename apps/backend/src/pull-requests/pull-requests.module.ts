import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LocksModule } from '../database/locks.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { ForgesModule } from '../forges/forges.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { ShippingModule } from '../shipping/shipping.module.js';
import { ForgeWebhookEntity } from './forge-webhook.entity.js';
import { ForgeWebhookLookup } from './forge-webhook-lookup.js';
import { ForgeWebhooksController } from './forge-webhooks.controller.js';
import { ForgeWebhooksService } from './forge-webhooks.service.js';
import { PullRequestEntity } from './pull-request.entity.js';
import { PullRequestReconciler } from './pull-request-reconciler.js';
import { PullRequestScan } from './pull-request-scan.js';
import { PullRequestStore } from './pull-request-store.js';
import { PullRequestsController } from './pull-requests.controller.js';
import { PullRequestsService } from './pull-requests.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([ForgeWebhookEntity, PullRequestEntity]),
    ForgesModule,
    EvidenceModule,
    LocksModule,
    SecretsModule,
    SessionsModule,
    ShippingModule,
  ],
  controllers: [ForgeWebhooksController, PullRequestsController],
  providers: [
    ForgeWebhookLookup,
    ForgeWebhooksService,
    PullRequestReconciler,
    PullRequestScan,
    PullRequestStore,
    PullRequestsService,
  ],
})
export class PullRequestsModule {}
