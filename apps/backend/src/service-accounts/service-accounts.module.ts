import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { ServiceAccountStore } from './service-account-store.js';
import { ServiceAccountsController } from './service-accounts.controller.js';
import { ServiceAccountsService } from './service-accounts.service.js';

@Module({
  imports: [ApiKeysModule, IdentityModule],
  controllers: [ServiceAccountsController],
  providers: [ServiceAccountStore, ServiceAccountsService],
})
export class ServiceAccountsModule {}
