import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config.js';
import { poolOf } from '../database/pool.js';
import { AUTH, createAuth } from './auth.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { Authentication } from './authentication.js';
import { FirstStart } from './first-start.js';
import { MeController } from './me.controller.js';
import { Memberships } from './memberships.js';

/** Who may do what: people, tenants, cookies and API keys; every request passes the guard. */
@Module({
  controllers: [AuthController, MeController],
  providers: [
    {
      provide: AUTH,
      inject: [DataSource, CONFIG],
      useFactory: (dataSource: DataSource, { AUTH_SECRET, PUBLIC_URL }: Config) =>
        createAuth({ pool: poolOf(dataSource), secret: AUTH_SECRET, publicUrl: PUBLIC_URL }),
    },
    Authentication,
    FirstStart,
    Memberships,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
})
export class IdentityModule {}
