import { Global, Module } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { CONFIG, type Config } from '../config.js';
import { migrate, MIGRATIONS } from './migrations.js';
import { SnakeCaseNaming } from './snake-case-naming.js';
import { TenantDatabase } from './tenant-database.js';

/**
 * The backend's one TypeORM DataSource. Entities live in their feature's folder and are registered by their module with
 * `TypeOrmModule.forFeature([…])`. Only migrations define the schema.
 */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [CONFIG],
      useFactory: (config: Config): TypeOrmModuleOptions => ({
        type: 'postgres',
        url: config.DATABASE_URL,
        applicationName: 'saas-codex-backend',
        namingStrategy: new SnakeCaseNaming(),
        autoLoadEntities: true,
        migrations: MIGRATIONS,
        synchronize: false,
        retryAttempts: 1,
        // Also applies to each connection of the pool: a request does not wait forever for an unavailable server.
        connectTimeoutMS: 10_000,
      }),
      dataSourceFactory: async (options) => {
        const dataSource = await new DataSource(options as DataSourceOptions).initialize();
        await migrate(dataSource);
        return dataSource;
      },
    }),
  ],
  providers: [TenantDatabase],
  exports: [TenantDatabase],
})
export class DatabaseModule {}
