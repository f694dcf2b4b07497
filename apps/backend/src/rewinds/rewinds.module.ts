import { Module } from '@nestjs/common';
import { LocksModule } from '../database/locks.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { RunnerClientModule } from '../runner-client/runner-client.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ForksService } from './forks.service.js';
import { RewindReconciler } from './rewind-reconciler.js';
import { RewindScan } from './rewind-scan.js';
import { RewindsController } from './rewinds.controller.js';
import { RewindsService } from './rewinds.service.js';

@Module({
  imports: [IdentityModule, LocksModule, RunnerClientModule, RunsModule, SessionsModule, WorkspacesModule],
  controllers: [RewindsController],
  providers: [ForksService, RewindReconciler, RewindScan, RewindsService],
})
export class RewindsModule {}
