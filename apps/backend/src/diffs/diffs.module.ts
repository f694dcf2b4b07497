import { Module } from '@nestjs/common';
import { RunsModule } from '../runs/runs.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { DiffsController } from './diffs.controller.js';
import { DiffsService } from './diffs.service.js';

@Module({
  imports: [RunsModule, SessionsModule, WorkspacesModule],
  controllers: [DiffsController],
  providers: [DiffsService],
})
export class DiffsModule {}
