import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChecksModule } from '../checks/checks.module.js';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { LocksModule } from '../database/locks.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { RunnerClientModule } from '../runner-client/runner-client.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { AgentCommitsController } from './agent-commits.controller.js';
import { AgentCommitsService } from './agent-commits.service.js';
import { CommitEntity } from './commit.entity.js';
import { CommitSteps } from './commit-steps.js';
import { CommitsService } from './commits.service.js';
import { ProposalsController } from './proposals.controller.js';
import { ProposalsService } from './proposals.service.js';
import { PushEntity } from './push.entity.js';
import { PushReconciler } from './push-reconciler.js';
import { PushScan } from './push-scan.js';
import { PushesService } from './pushes.service.js';
import { BranchPolicies } from './rules/branch-policies.js';
import { RepositoryRuleEntity } from './rules/repository-rule.entity.js';
import { RepositoryRuleStore } from './rules/repository-rule-store.js';
import { RepositoryRulesController } from './rules/repository-rules.controller.js';
import { SigningKeyController } from './signing/signing-key.controller.js';
import { SigningKeysService } from './signing/signing-keys.service.js';
import { ShippedBranches } from './shipped-branches.js';
import { ShippingController } from './shipping.controller.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([CommitEntity, PushEntity, RepositoryRuleEntity]),
    ChecksModule,
    CredentialsModule,
    IdentityModule,
    LocksModule,
    RunnerClientModule,
    RunsModule,
    SecretsModule,
    SessionsModule,
    WorkspacesModule,
  ],
  controllers: [
    AgentCommitsController,
    ProposalsController,
    RepositoryRulesController,
    ShippingController,
    SigningKeyController,
  ],
  providers: [
    AgentCommitsService,
    BranchPolicies,
    CommitSteps,
    CommitsService,
    ProposalsService,
    PushReconciler,
    PushScan,
    PushesService,
    RepositoryRuleStore,
    ShippedBranches,
    SigningKeysService,
  ],
  exports: [CommitsService, PushesService, ShippedBranches],
})
export class ShippingModule {}
