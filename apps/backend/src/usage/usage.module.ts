import { Module } from '@nestjs/common';
import { IdentityModule } from '../identity/identity.module.js';
import { LedgerReconciler } from './ledger-reconciler.js';
import { LimitsController } from './limits.controller.js';
import { LimitsService } from './limits.service.js';
import { LimitMails } from './limit-mails.js';
import { LimitNotices } from './limit-notices.js';
import { ModelCallsController } from './model-calls.controller.js';
import { ModelsController } from './models.controller.js';
import { ModelsService } from './models.service.js';
import { ModelLedger } from './model-ledger.js';
import { SpendRulesStore } from './spend-rules.js';
import { SpentReports } from './spent-report.js';
import { UsageController } from './usage.controller.js';
import { UsageService } from './usage.service.js';

@Module({
  imports: [IdentityModule],
  controllers: [LimitsController, ModelCallsController, ModelsController, UsageController],
  providers: [
    LedgerReconciler,
    LimitMails,
    LimitNotices,
    LimitsService,
    ModelLedger,
    ModelsService,
    SpendRulesStore,
    SpentReports,
    UsageService,
  ],
  exports: [ModelsService, SpendRulesStore, UsageService],
})
export class UsageModule {}
