import { Module } from '@nestjs/common';
import { IdentityModule } from '../identity/identity.module.js';
import { InvitationStore } from './invitation-store.js';
import { InvitationsController } from './invitations.controller.js';
import { InvitationsService } from './invitations.service.js';
import { MemberStore } from './member-store.js';
import { MembersController } from './members.controller.js';
import { MembersService } from './members.service.js';
import { ScimController } from './scim/scim.controller.js';
import { ScimUserStore } from './scim/scim-user-store.js';
import { ScimUsersService } from './scim/scim-users.service.js';

@Module({
  imports: [IdentityModule],
  controllers: [MembersController, InvitationsController, ScimController],
  providers: [InvitationStore, InvitationsService, MemberStore, MembersService, ScimUserStore, ScimUsersService],
  exports: [MembersService],
})
export class MembersModule {}
