import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG, type Config } from '../config.js';
import { MasterKeys } from './master-keys.js';
import { SecretEntity } from './secret.entity.js';
import { SecretStore } from './secret-store.js';
import { SecretsController } from './secrets.controller.js';
import { StoredKeysCheck } from './stored-keys-check.js';

@Module({
  imports: [TypeOrmModule.forFeature([SecretEntity])],
  controllers: [SecretsController],
  providers: [
    { provide: MasterKeys, inject: [CONFIG], useFactory: (config: Config) => new MasterKeys(config) },
    SecretStore,
    StoredKeysCheck,
  ],
  exports: [MasterKeys, SecretStore],
})
export class SecretsModule {}
