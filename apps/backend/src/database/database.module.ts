import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import pg from 'pg';
import { CONFIG, type Config } from '../config.js';
import { Locks } from './locks.js';
import { LocksModule } from './locks.module.js';
import { migrate, MIGRATIONS } from './migrations.js';
import { SnakeCaseNaming } from './snake-case-naming.js';
import { SystemDatabase } from './system-database.js';
import { CONNECTION, POOL_SIZE, TenantDatabase } from './tenant-database.js';

/**
 * The backend's one TypeORM DataSource. Entities live in their feature's folder and are registered by their module with
 * `TypeOrmModule.forFeature([…])`. Only migrations define the schema.
 */
@Global()
@Module({
  imports: [
    LocksModule,
    TypeOrmModule.forRootAsync({
      imports: [LocksModule],
      inject: [CONFIG, Locks],
      useFactory: async (config: Config, locks: Locks) => {
        const options = {
          type: 'postgres',
          // TypeORM looks for a package at run time, and the service is one bundle.
          driver: pg,
          url: config.DATABASE_URL,
          applicationName: 'saas-codex-backend',
          namingStrategy: new SnakeCaseNaming(),
          synchronize: false,
          poolSize: POOL_SIZE,
          // Also for a connection of the pool: a request does not wait for ever for a server that is away.
          connectTimeoutMS: 10_000,
          extra: CONNECTION,
        } as const;
        await migrate(locks, { ...options, migrations: MIGRATIONS });
        return { ...options, autoLoadEntities: true, retryAttempts: 1 };
      },
    }),
  ],
  providers: [SystemDatabase, TenantDatabase],
  exports: [LocksModule, SystemDatabase, TenantDatabase],
})
export class DatabaseModule {}
