import { Module } from '@nestjs/common';
import { IdentityModule } from '../identity/identity.module.js';
import { InvitationStore } from './invitation-store.js';
import { InvitationsController } from './invitations.controller.js';
import { InvitationsService } from './invitations.service.js';
import { MemberStore } from './member-store.js';
import { MembersController } from './members.controller.js';
import { MembersService } from './members.service.js';

@Module({
  imports: [IdentityModule],
  controllers: [MembersController, InvitationsController],
  providers: [InvitationStore, InvitationsService, MemberStore, MembersService],
  exports: [MembersService],
})
export class MembersModule {}
