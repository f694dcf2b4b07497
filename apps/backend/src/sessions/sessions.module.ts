import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { MembersModule } from '../members/members.module.js';
import { RunnerClientModule } from '../runner-client/runner-client.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ActivityPublisher } from './activity-publisher.js';
import { EngineSupport } from './engine-support.js';
import { ForkProvisioning } from './fork-provisioning.js';
import { IncludedParts } from './included-parts.js';
import { Provisioning } from './provisioning.js';
import { SessionEntity } from './session.entity.js';
import { SessionReads } from './session-reads.js';
import { SessionReadsController } from './session-reads.controller.js';
import { SessionReconciler } from './session-reconciler.js';
import { SessionScan } from './session-scan.js';
import { SessionStore } from './session-store.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';

/** Needs an implementation of `RunsPort`, which RunsPortModule provides. */
@Module({
  imports: [
    TypeOrmModule.forFeature([SessionEntity]),
    CredentialsModule,
    MembersModule,
    RunnerClientModule,
    SecretsModule,
    UsageModule,
    WorkspacesModule,
  ],
  controllers: [SessionReadsController, SessionsController],
  providers: [
    ActivityPublisher,
    EngineSupport,
    ForkProvisioning,
    IncludedParts,
    Provisioning,
    SessionReads,
    SessionReconciler,
    SessionScan,
    SessionStore,
    SessionsService,
  ],
  exports: [ActivityPublisher, SessionReads, SessionStore, SessionsService],
})
export class SessionsModule {}
