import { Module } from '@nestjs/common';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { ForgesModule } from '../forges/forges.module.js';
import { RepositoriesController } from './repositories.controller.js';
import { RepositorySearches } from './repository-search.js';

@Module({
  imports: [CredentialsModule, ForgesModule],
  controllers: [RepositoriesController],
  providers: [RepositorySearches],
})
export class RepositoriesModule {}
