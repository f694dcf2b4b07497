import { Global, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Refusals } from '../identity/refusals.js';
import { AuditEntryEntity } from './audit-entry.entity.js';
import { AuditLog } from './audit-log.js';
import { AuditNames } from './audit-names.js';
import { AuditRefusals } from './audit-refusals.js';
import { AuditRetention } from './audit-retention.js';
import { AuditStore } from './audit-store.js';
import { AuditStream } from './audit-stream.js';
import { AuditedChanges } from './audited-changes.js';
import { AuditController } from './audit.controller.js';
import { AuditInterceptor } from './audit.interceptor.js';
import { CountedEntries } from './counted-entries.js';
import { RequestAudit } from './request-audit.js';

/** Who did what. Every feature that changes something may record it, so it is global. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([AuditEntryEntity])],
  controllers: [AuditController],
  providers: [
    AuditLog,
    AuditNames,
    AuditRefusals,
    AuditRetention,
    AuditStore,
    AuditStream,
    AuditedChanges,
    { provide: CountedEntries, inject: [AuditLog], useFactory: (log: AuditLog) => new CountedEntries(log) },
    RequestAudit,
    { provide: Refusals, useExisting: AuditRefusals },
    { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
  ],
  exports: [AuditedChanges, AuditLog, AuditRetention, CountedEntries, Refusals, RequestAudit],
})
export class AuditModule {}
