import { type DynamicModule, Module } from '@nestjs/common';
import { AsyncApiModule } from './asyncapi/asyncapi.module.js';
import { MetricsModule } from '@saas-codex/platform/metrics/metrics.module';
import { TracingModule } from '@saas-codex/platform/tracing/tracing.module';
import type { Config } from './config.js';
import { ConfigModule } from './config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { DiffsModule } from './diffs/diffs.module.js';
import { EventsModule } from './events/events.module.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { OpenApiModule } from './openapi/openapi.module.js';
import { RedisModule } from './redis.module.js';
import { RetentionModule } from './retention/retention.module.js';
import { RunsModule } from './runs/runs.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { SystemModule } from './system/system.module.js';
import { TenantsModule } from './tenants/tenants.module.js';

/**
 * The backend's features. Imports go one way only:
 *
 *     events, retention → archive, diffs → runs → sessions → workspaces, usage → tenants → database
 */
@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        MetricsModule.with(config),
        TracingModule.with('backend', config),
        DatabaseModule,
        RedisModule,
        TenantsModule,
        IdempotencyModule,
        SystemModule,
        OpenApiModule,
        AsyncApiModule,
        SessionsModule,
        RunsModule,
        DiffsModule,
        EventsModule,
        RetentionModule,
      ],
    };
  }
}
