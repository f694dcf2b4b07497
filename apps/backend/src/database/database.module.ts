import { Global, Module } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { CONFIG, type Config } from '../config.js';
import { migrate } from './migrate.js';
import { MIGRATIONS } from './migrations.js';
import { SnakeCaseNaming } from './snake-case-naming.js';
import { SystemDatabase } from './system-database.js';
import { TenantDatabase } from './tenant-database.js';

/**
 * One TypeORM DataSource for the backend. Entities stay in their feature's folder and register themselves with
 * `TypeOrmModule.forFeature([…])` in their module; the schema comes from migrations alone.
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
        // Also for connections of the pool: a request does not wait for ever for a server that is away.
        connectTimeoutMS: 10_000,
      }),
      dataSourceFactory: async (options) => {
        const dataSource = await new DataSource(options as DataSourceOptions).initialize();
        await migrate(dataSource);
        return dataSource;
      },
    }),
  ],
  providers: [SystemDatabase, TenantDatabase],
  exports: [SystemDatabase, TenantDatabase],
})
export class DatabaseModule {}
