import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IdentityModule } from '../identity/identity.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ChangesController } from './changes.controller.js';
import { ChangesService } from './changes.service.js';
import { CommentEntity } from './comments/comment.entity.js';
import { CommentViews } from './comments/comment-views.js';
import { CommentsController } from './comments/comments.controller.js';
import { CommentsService } from './comments/comments.service.js';
import { FilesController } from './files.controller.js';
import { FilesService } from './files.service.js';
import { LeftoversController } from './leftovers.controller.js';
import { LeftoversService } from './leftovers.service.js';
import { PathsController } from './paths.controller.js';
import { ReviewProgressController } from './review-progress.controller.js';
import { ReviewProgressService } from './review-progress.service.js';
import { SessionTrees } from './session-trees.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([CommentEntity]),
    IdentityModule,
    RunsModule,
    SessionsModule,
    WorkspacesModule,
  ],
  controllers: [
    ChangesController,
    CommentsController,
    FilesController,
    LeftoversController,
    PathsController,
    ReviewProgressController,
  ],
  providers: [
    ChangesService,
    CommentsService,
    CommentViews,
    FilesService,
    LeftoversService,
    ReviewProgressService,
    SessionTrees,
  ],
  exports: [SessionTrees],
})
export class ChangesModule {}
