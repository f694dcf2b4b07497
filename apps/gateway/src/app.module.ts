import { type DynamicModule, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { healthController, readinessController } from '@saas-codex/service-kit/health/health.controllers';
import { StreamPlaces } from '@saas-codex/event-log/sse/stream-places';
import { rateLimits } from '@saas-codex/service-kit/http/protect-api';
import { MetricsModule } from '@saas-codex/service-kit/metrics/metrics.module';
import { TracingModule } from '@saas-codex/service-kit/tracing/tracing.module';
import { CONFIG, type Config } from './config.js';
import { gatewayReadiness } from './gateway-readiness.js';
import { ApiProxy } from './proxy/api-proxy.js';
import { BackendClient } from './proxy/backend-client.js';
import { compressAnswers } from './proxy/compress-answers.js';
import { ProxyMetrics } from './proxy/proxy-metrics.js';
import { Permissions } from './run-events/permissions.js';
import { RunEvents } from './run-events/run-events.js';
import { RunFeeds } from './run-events/run-feeds.js';
import { WatchedEvents } from './run-events/watched-events.js';
import { WebApp } from './web/web-app.js';

/**
 * The only public service. The way of a request:
 *
 *     request id, log ─► security headers ─┬─ /health, /ready, /metrics
 *                                          ├─ /api/*  ─► `protectApi` ─┬─ events of runs ─► one feed per run ─► backend
 *                                          │                           └─ other ─► proxy ─► backend
 *                                          └─ other   ─► web app
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
        rateLimits(CONFIG),
        { provide: StreamPlaces, useValue: new StreamPlaces(config.MAX_STREAMS_PER_TENANT) },
        BackendClient,
        Permissions,
        ProxyMetrics,
        RunFeeds,
        RunEvents,
        WatchedEvents,
        ApiProxy,
        WebApp,
        gatewayReadiness,
      ],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(RunEvents, WatchedEvents, compressAnswers, ApiProxy).forRoutes('api/*path');
    consumer.apply(WebApp).exclude('health', 'ready', 'api/*path').forRoutes('{*path}');
  }
}
