import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { SecretsModule } from '../secrets/secrets.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ConnectedForgeEntity } from './connected-forge.entity.js';
import { ForgeConnections } from './forge-connections.js';
import { ForgeFetch } from './forge-fetch.js';
import { ForgeStore } from './forge-store.js';
import { ForgeTests } from './forge-tests.js';
import { Forges } from './forges.js';
import { ForgesController } from './forges.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([ConnectedForgeEntity]), SecretsModule, WorkspacesModule],
  controllers: [ForgesController],
  providers: [ForgeConnections, ForgeFetch, ForgeStore, ForgeTests, Forges, HostResolver],
  exports: [ForgeConnections, Forges],
})
export class ForgesModule {}
