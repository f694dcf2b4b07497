import { Module } from '@nestjs/common';
import { ImagesModule } from '../images/images.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { RetentionReconciler } from './retention-reconciler.js';
import { RetentionStore } from './retention-store.js';

@Module({
  imports: [ImagesModule, SessionsModule, UsageModule, WorkspacesModule],
  providers: [RetentionReconciler, RetentionStore],
})
export class RetentionModule {}
