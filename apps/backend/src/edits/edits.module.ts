import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { EditsController } from './edits.controller.js';
import { EditsService } from './edits.service.js';
import { UpdatesController } from './updates.controller.js';
import { UpdatesService } from './updates.service.js';

@Module({
  imports: [ChangesModule, CredentialsModule, IdentityModule, RunsModule, SessionsModule, WorkspacesModule],
  controllers: [EditsController, UpdatesController],
  providers: [EditsService, UpdatesService],
  exports: [UpdatesService],
})
export class EditsModule {}
