import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { IdentityModule } from '../identity/identity.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ConnectedForgeEntity } from './connected-forge.entity.js';
import { ForgeConnections } from './forge-connections.js';
import { ForgeFetch } from './forge-fetch.js';
import { ForgeStore } from './forge-store.js';
import { ForgeWebhookEntity } from './forge-webhook.entity.js';
import { ForgeTests } from './forge-tests.js';
import { Forges } from './forges.js';
import { ForgesController } from './forges.controller.js';
import { GithubApps } from './github-apps.js';
import { GithubAppsController } from './github-apps.controller.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([ConnectedForgeEntity, ForgeWebhookEntity]),
    IdentityModule,
    SecretsModule,
    WorkspacesModule,
  ],
  controllers: [ForgesController, GithubAppsController],
  providers: [ForgeConnections, ForgeFetch, ForgeStore, ForgeTests, Forges, GithubApps, HostResolver],
  exports: [ForgeConnections, Forges],
})
export class ForgesModule {}
