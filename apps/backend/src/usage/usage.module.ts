import { Module } from '@nestjs/common';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { IdentityModule } from '../identity/identity.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { LedgerReconciler } from './ledger-reconciler.js';
import { LimitsController } from './limits.controller.js';
import { LimitsService } from './limits.service.js';
import { LimitMails } from './limit-mails.js';
import { LimitNotices } from './limit-notices.js';
import { ModelCallsController } from './model-calls.controller.js';
import { ModelsController } from './models.controller.js';
import { ModelsService } from './models.service.js';
import { ModelServerTests } from './model-server-tests.js';
import { ModelServerController } from './model-server.controller.js';
import { ModelServerService } from './model-server.service.js';
import { ModelLedger } from './model-ledger.js';
import { SpendRulesStore } from './spend-rules.js';
import { SpentReports } from './spent-report.js';
import { UsageController } from './usage.controller.js';
import { UsageService } from './usage.service.js';

@Module({
  imports: [IdentityModule, SecretsModule],
  controllers: [
    LimitsController,
    ModelCallsController,
    ModelServerController,
    ModelsController,
    UsageController,
  ],
  providers: [
    HostResolver,
    LedgerReconciler,
    LimitMails,
    LimitNotices,
    LimitsService,
    ModelLedger,
    ModelServerService,
    ModelServerTests,
    ModelsService,
    SpendRulesStore,
    SpentReports,
    UsageService,
  ],
  exports: [ModelLedger, ModelServerService, ModelsService, SpendRulesStore, UsageService],
})
export class UsageModule {}
