import { Module } from '@nestjs/common';
import { IdentityModule } from '../identity/identity.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ChangesController } from './changes.controller.js';
import { ChangesService } from './changes.service.js';
import { LeftoversController } from './leftovers.controller.js';
import { LeftoversService } from './leftovers.service.js';
import { PathsController } from './paths.controller.js';

@Module({
  imports: [IdentityModule, RunsModule, SessionsModule, WorkspacesModule],
  controllers: [ChangesController, LeftoversController, PathsController],
  providers: [ChangesService, LeftoversService],
})
export class ChangesModule {}
