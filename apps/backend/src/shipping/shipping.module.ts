import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChecksModule } from '../checks/checks.module.js';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { LocksModule } from '../database/locks.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { CommitEntity } from './commit.entity.js';
import { CommitsService } from './commits.service.js';
import { PushEntity } from './push.entity.js';
import { PushReconciler } from './push-reconciler.js';
import { PushScan } from './push-scan.js';
import { PushesService } from './pushes.service.js';
import { ShippedBranches } from './shipped-branches.js';
import { ShippingController } from './shipping.controller.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([CommitEntity, PushEntity]),
    ChecksModule,
    CredentialsModule,
    IdentityModule,
    LocksModule,
    SessionsModule,
    WorkspacesModule,
  ],
  controllers: [ShippingController],
  providers: [CommitsService, PushReconciler, PushScan, PushesService, ShippedBranches],
  exports: [CommitsService, PushesService, ShippedBranches],
})
export class ShippingModule {}
