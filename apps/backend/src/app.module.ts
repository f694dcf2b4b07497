import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AcceptGuard } from './api/accept.guard.js';
import { AsyncApiModule } from './api/asyncapi/asyncapi.module.js';
import { rateLimits } from '@saas-codex/service-kit/http/protect-api';
import { MetricsModule } from '@saas-codex/service-kit/metrics/metrics.module';
import { TracingModule } from '@saas-codex/service-kit/tracing/tracing.module';
import { CONFIG, type Config } from './config.js';
import { ConfigModule } from './config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { AuditModule } from './audit/audit.module.js';
import { ChecksModule } from './checks/checks.module.js';
import { ChangesModule } from './changes/changes.module.js';
import { EventsModule } from './events/events.module.js';
import { IdempotencyModule } from './api/idempotency/idempotency.module.js';
import { OpenApiModule } from './api/openapi/openapi.module.js';
import { RedisModule } from './redis.module.js';
import { RetentionModule } from './retention/retention.module.js';
import { EditsModule } from './edits/edits.module.js';
import { PullRequestsModule } from './pull-requests/pull-requests.module.js';
import { RewindsModule } from './rewinds/rewinds.module.js';
import { RunsModule, RunsPortModule } from './runs/runs.module.js';
import { SecretsModule } from './secrets/secrets.module.js';
import { ShippingModule } from './shipping/shipping.module.js';
import { SharingModule } from './sharing/sharing.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { SystemModule } from './system/system.module.js';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { ApprovalsModule } from './approvals/approvals.module.js';
import { CredentialsModule } from './credentials/credentials.module.js';
import { ForgesModule } from './forges/forges.module.js';
import { ImagesModule } from './images/images.module.js';
import { MembersModule } from './members/members.module.js';
import { RepositoriesModule } from './repositories/repositories.module.js';
import { ServiceAccountsModule } from './service-accounts/service-accounts.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';
import { TenantsModule } from './tenants/tenants.module.js';
import { IdentityModule } from './identity/identity.module.js';

/**
 * The backend's features. Imports go in one direction:
 *
 *     events, tenants, retention → archive, changes, checks, edits, rewinds, sharing → runs → approvals, images → sessions, repositories → credentials, evidence, service-accounts, webhooks → forges → environments, api-keys,
 *     members, secrets, workspaces, usage → audit → identity → database
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
        IdentityModule,
        IdempotencyModule,
        // Behind the interceptor for idempotency keys: a repeated request leaves no second entry.
        AuditModule,
        SystemModule,
        OpenApiModule,
        AsyncApiModule,
        SecretsModule,
        CredentialsModule,
        ForgesModule,
        RepositoriesModule,
        SessionsModule,
        ImagesModule,
        ApprovalsModule,
        RunsModule,
        RunsPortModule,
        ChangesModule,
        ChecksModule,
        EditsModule,
        RewindsModule,
        SharingModule,
        ShippingModule,
        PullRequestsModule,
        EventsModule,
        RetentionModule,
        ApiKeysModule,
        MembersModule,
        ServiceAccountsModule,
        TenantsModule,
        WebhooksModule,
      ],
      providers: [rateLimits(CONFIG), { provide: APP_GUARD, useClass: AcceptGuard }],
    };
  }
}
