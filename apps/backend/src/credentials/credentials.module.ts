import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ForgesModule } from '../forges/forges.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { CredentialEntity } from './credential.entity.js';
import { CredentialStore } from './credential-store.js';
import { CredentialsController } from './credentials.controller.js';
import { RepositoryAccess } from './repository-access.js';

@Module({
  imports: [TypeOrmModule.forFeature([CredentialEntity]), ForgesModule, SecretsModule, WorkspacesModule],
  controllers: [CredentialsController],
  providers: [CredentialStore, RepositoryAccess],
  exports: [RepositoryAccess],
})
export class CredentialsModule {}
