import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { EditsController } from './edits.controller.js';
import { EditsService } from './edits.service.js';

@Module({
  imports: [ChangesModule, IdentityModule, RunsModule, SessionsModule, WorkspacesModule],
  controllers: [EditsController],
  providers: [EditsService],
})
export class EditsModule {}
