import { Module } from '@nestjs/common';
import { IdentityModule } from '../identity/identity.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ChangesController } from './changes.controller.js';
import { ChangesService } from './changes.service.js';
import { FilesController } from './files.controller.js';
import { FilesService } from './files.service.js';
import { LeftoversController } from './leftovers.controller.js';
import { LeftoversService } from './leftovers.service.js';
import { PathsController } from './paths.controller.js';
import { ReviewProgressController } from './review-progress.controller.js';
import { ReviewProgressService } from './review-progress.service.js';
import { SessionTrees } from './session-trees.js';

@Module({
  imports: [IdentityModule, RunsModule, SessionsModule, WorkspacesModule],
  controllers: [
    ChangesController,
    FilesController,
    LeftoversController,
    PathsController,
    ReviewProgressController,
  ],
  providers: [ChangesService, FilesService, LeftoversService, ReviewProgressService, SessionTrees],
  exports: [SessionTrees],
})
export class ChangesModule {}
