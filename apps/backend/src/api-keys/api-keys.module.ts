import { Module } from '@nestjs/common';
import { IdentityModule } from '../identity/identity.module.js';
import { ApiKeyStore } from './api-key-store.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';
import { OwnedKeys } from './owned-keys.js';

@Module({
  imports: [IdentityModule],
  controllers: [ApiKeysController],
  providers: [ApiKeyStore, ApiKeysService, OwnedKeys],
  exports: [OwnedKeys],
})
export class ApiKeysModule {}
