import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ImagesController } from './images.controller.js';
import { ImagesService } from './images.service.js';
import { SessionImageEntity } from './session-image.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([SessionImageEntity]), SessionsModule, UsageModule, WorkspacesModule],
  controllers: [ImagesController],
  providers: [ImagesService],
  exports: [ImagesService],
})
export class ImagesModule {}
