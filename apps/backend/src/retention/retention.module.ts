import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { Retention } from './retention.js';
import { RetentionStore } from './retention-store.js';

@Module({ imports: [SessionsModule, UsageModule, WorkspacesModule], providers: [Retention, RetentionStore] })
export class RetentionModule {}
