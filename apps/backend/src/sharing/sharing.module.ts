import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IdentityModule } from '../identity/identity.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { ShareLinkEntity } from './share-link.entity.js';
import { ShareLinksController } from './share-links.controller.js';
import { ShareLinksService } from './share-links.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([ShareLinkEntity]), IdentityModule, SessionsModule],
  controllers: [ShareLinksController],
  providers: [ShareLinksService],
})
export class SharingModule {}
