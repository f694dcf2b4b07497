import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LocksModule } from '../database/locks.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { EvidenceEntity } from './evidence.entity.js';
import { EvidenceKeys } from './evidence-keys.js';
import { EvidenceKeysController } from './evidence-keys.controller.js';
import { EvidenceStore } from './evidence-store.js';

@Module({
  imports: [LocksModule, SecretsModule, TypeOrmModule.forFeature([EvidenceEntity])],
  controllers: [EvidenceKeysController],
  providers: [EvidenceKeys, EvidenceStore],
  exports: [EvidenceStore],
})
export class EvidenceModule {}
