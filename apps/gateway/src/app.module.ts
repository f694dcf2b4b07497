import { type DynamicModule, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { healthController } from '@saas-codex/service-kit/health.controller';
import { readinessController } from '@saas-codex/service-kit/readiness/readiness.controller';
import { MetricsModule } from '@saas-codex/service-kit/metrics/metrics.module';
import { TracingModule } from '@saas-codex/service-kit/tracing/tracing.module';
import { CONFIG, type Config } from './config.js';
import { RateLimits } from './limits/rate-limits.js';
import { ApiProxy } from './proxy/api-proxy.js';
import { ProxyMetrics } from './proxy/proxy-metrics.js';
import { Upstream } from './proxy/upstream.js';
import { readiness } from './readiness.js';
import { Permissions } from './run-events/permissions.js';
import { RunEvents } from './run-events/run-events.js';
import { OriginCheck } from './security/origin-check.js';
import { WebApp } from './web/web-app.js';

/**
 * The one public door. What a request passes:
 *
 *     request id, log ─► security headers ─┬─ /health, /ready, /metrics
 *                                          ├─ /api/*  ─► origin check ─► rate limits ─┬─ a run's events ─► one feed per run ─► backend
 *                                          │                                          └─ else ─► proxy ─► backend
 *                                          └─ else    ─► web app
 */
@Module({})
export class AppModule implements NestModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [MetricsModule.with(config), TracingModule.with('gateway', config)],
      controllers: [healthController('gateway'), readinessController('gateway')],
      providers: [
        { provide: CONFIG, useValue: config },
        OriginCheck,
        RateLimits,
        Upstream,
        Permissions,
        ProxyMetrics,
        RunEvents,
        ApiProxy,
        WebApp,
        readiness,
      ],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(OriginCheck, RateLimits, RunEvents, ApiProxy).forRoutes('api/*path');
    consumer.apply(WebApp).exclude('health', 'ready', 'api/*path').forRoutes('{*path}');
  }
}
