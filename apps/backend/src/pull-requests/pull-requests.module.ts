import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LocksModule } from '../database/locks.module.js';
import { ChecksModule } from '../checks/checks.module.js';
import { EditsModule } from '../edits/edits.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { ForgesModule } from '../forges/forges.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { ShippingModule } from '../shipping/shipping.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ForgeWebhookLookup } from './forge-webhook-lookup.js';
import { ForgeWebhooksController } from './forge-webhooks.controller.js';
import { ForgeWebhooksService } from './forge-webhooks.service.js';
import { KeepGreenReconciler } from './keep-green/keep-green-reconciler.js';
import { KeepGreenService } from './keep-green/keep-green.service.js';
import { PullRequestEntity } from './pull-request.entity.js';
import { PullRequestReconciler } from './pull-request-reconciler.js';
import { PullRequestScan } from './pull-request-scan.js';
import { PullRequestStore } from './pull-request-store.js';
import { PullRequestsController } from './pull-requests.controller.js';
import { PullRequestsService } from './pull-requests.service.js';
import { TryShipping } from './keep-green/try-shipping.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([PullRequestEntity]),
    ForgesModule,
    ChecksModule,
    EditsModule,
    EvidenceModule,
    IdentityModule,
    LocksModule,
    RunsModule,
    SecretsModule,
    SessionsModule,
    ShippingModule,
    UsageModule,
    WorkspacesModule,
  ],
  controllers: [ForgeWebhooksController, PullRequestsController],
  providers: [
    ForgeWebhookLookup,
    ForgeWebhooksService,
    KeepGreenReconciler,
    KeepGreenService,
    PullRequestReconciler,
    PullRequestScan,
    PullRequestStore,
    PullRequestsService,
    TryShipping,
  ],
})
export class PullRequestsModule {}
