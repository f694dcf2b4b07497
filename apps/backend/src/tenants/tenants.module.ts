import { Module } from '@nestjs/common';
import { IdentityModule } from '../identity/identity.module.js';
import { MembersModule } from '../members/members.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { TenantReconciler } from './tenant-reconciler.js';
import { TenantStore } from './tenant-store.js';
import { TenantsController } from './tenants.controller.js';
import { TenantsService } from './tenants.service.js';

@Module({
  imports: [IdentityModule, MembersModule, RunsModule, WorkspacesModule],
  controllers: [TenantsController],
  providers: [TenantReconciler, TenantStore, TenantsService],
})
export class TenantsModule {}
