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
import { LeftoversController } from './leftovers.controller.js';
import { LeftoversService } from './leftovers.service.js';
import { PathsController } from './paths.controller.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([CommentEntity]),
    IdentityModule,
    RunsModule,
    SessionsModule,
    WorkspacesModule,
  ],
  controllers: [ChangesController, CommentsController, LeftoversController, PathsController],
  providers: [ChangesService, CommentsService, CommentViews, LeftoversService],
})
export class ChangesModule {}
