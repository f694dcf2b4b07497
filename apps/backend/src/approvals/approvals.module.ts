import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionsModule } from '../sessions/sessions.module.js';
import { ApprovalEntity } from './approval.entity.js';
import { ApprovalTimeouts } from './approval-timeouts.js';
import { ApprovalsController } from './approvals.controller.js';
import { ApprovalsService } from './approvals.service.js';

/** Needs an implementation of `RunsPort`, which RunsPortModule provides. */
@Module({
  imports: [TypeOrmModule.forFeature([ApprovalEntity]), SessionsModule],
  controllers: [ApprovalsController],
  providers: [ApprovalsService, ApprovalTimeouts],
})
export class ApprovalsModule {}
