import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LocationInterceptor } from '../location.interceptor.js';
import { IdempotencyKey } from './idempotency-key.entity.js';
import { IdempotencyExpiry } from './idempotency-expiry.js';
import { IdempotencyStore } from './idempotency-store.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { RawBodyInterceptor } from './raw-body.interceptor.js';

@Module({
  imports: [TypeOrmModule.forFeature([IdempotencyKey])],
  providers: [
    IdempotencyExpiry,
    IdempotencyStore,
    { provide: APP_INTERCEPTOR, useClass: RawBodyInterceptor },
    // Before the next one, so that saved answers get a Location, too.
    { provide: APP_INTERCEPTOR, useClass: LocationInterceptor },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
  ],
})
export class IdempotencyModule {}
